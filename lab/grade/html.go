package grade

import (
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #ddd }
.n { white-space: nowrap; text-align: right } .bad { color: #b00020 } .good { color: #1a7f37 }
h2 { margin-top: 1.6em } pre { background: #f6f6f6; padding: .6em; overflow-x: auto } summary { cursor: pointer }
svg { width: 100%; height: auto } svg text { font: 11px ui-monospace, monospace; fill: #222 }
`

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{"diagram": diagram}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Name}}: {{.Score}} of {{.Max}}</title>
<style>` + style + `</style>
<h1>{{.Name}}: {{.Score}} of {{.Max}}</h1>
<p><code>{{range .Program}}{{.}} {{end}}</code>, seed {{.Seed}}, {{.Seconds}} s</p>
<table><tr><th>Part<th>Points</tr>{{range .Marks}}<tr><td><a href="#{{.Name}}">{{.Title}}</a><td class="n {{if .OK}}good{{else}}bad{{end}}">{{.Points}}/{{.Max}}</tr>{{end}}
{{range .Findings}}<tr><td><a href="#{{.Name}}">{{.Title}}</a><td class="n">{{if .OK}}yes{{else}}no{{end}}</tr>{{end}}</table>
{{define "mark"}}<h2 id="{{.Name}}">{{.Title}}{{if .Max}}: {{.Points}} of {{.Max}}{{end}}</h2>
{{with .Note}}<p class="bad">{{.}}</p>{{end}}
{{if .Checks}}<table><tr><th>Check<th>Expected<th>Seen{{if .Max}}<th>Points{{end}}</tr>
{{$max := .Max}}{{range .Checks}}<tr><td class="{{if .OK}}good{{else}}bad{{end}}">{{if .OK}}✓{{else}}✗{{end}} {{.Name}}<td>{{.Expected}}<td>{{.Seen}}{{if $max}}<td class="n">{{.Points}}/{{.Max}}{{end}}</tr>
{{end}}</table>{{end}}
{{if .Packets}}<details{{if not .OK}} open{{end}}><summary>Packets{{with .Pcap}} (all of them: <a href="{{.}}">{{.}}</a>){{end}}</summary>{{diagram .}}</details>{{end}}
{{with .Driver}}<details><summary>What the driver said</summary><pre>{{.}}</pre></details>{{end}}
{{with .Output}}<details><summary>What the program printed</summary><pre>{{.}}</pre></details>{{end}}{{end}}
{{range .Marks}}{{template "mark" .}}{{end}}
{{if .Findings}}<h1>Beyond what the course asks for</h1>{{end}}{{range .Findings}}{{template "mark" .}}{{end}}
</html>
`))

// WriteHTML writes report.html to a directory, in which the captures lie.
func (r *Report) WriteHTML(dir string) error {
	return writePage(filepath.Join(dir, "report.html"), reportPage, r)
}

func writePage(path string, page *template.Template, data any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(page.Execute(f, data), f.Close())
}

// Measures of a diagram.
const (
	leftX, rightX, topY = 150, 850, 40
	stepY               = 26
	slope               = 14 // how much lower a packet arrives
)

// diagram draws the packets of a mark between two lines, the program's and the peer's.
func diagram(m Mark) template.HTML {
	var b strings.Builder
	height := topY + stepY*(len(m.Packets)+2)
	fmt.Fprintf(&b, `<svg viewBox="0 0 1000 %d" role="img" aria-label="packets of connection 2">`, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" text-anchor="middle">program</text><text x="%d" y="20" text-anchor="middle">peer</text>`, leftX, rightX)
	for _, x := range []int{leftX, rightX} {
		fmt.Fprintf(&b, `<line x1="%d" y1="28" x2="%d" y2="%d" stroke="#888"/>`, x, x, height-8)
	}
	y := topY
	for i, l := range m.Packets {
		if m.More > 0 && i == len(m.Packets)/2 {
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">… %d packets …</text>`, (leftX+rightX)/2, y+8, m.More)
			y += stepY
		}
		drawPacket(&b, &l, y)
		y += stepY
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // every text in it was escaped
}

// drawPacket draws one arrow with its time, port and text.
func drawPacket(b *strings.Builder, l *Line, y int) {
	from, to := leftX, rightX
	if !l.FromSDK {
		from, to = to, from
	}
	colour, end, endY := "#1f5fa8", to, y+slope
	switch l.Fate {
	case "":
	case lost.String():
		colour, end, endY = "#b00020", (from+to)/2, y+slope/2
	default:
		colour = "#b26a00"
	}
	back := 7
	if end > from {
		back = -7
	}
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>`, from, y, end, endY, colour)
	if l.Fate == lost.String() {
		fmt.Fprintf(b, `<path d="M%d %dl8 8m0 -8l-8 8" stroke="%s"/>`, end-4, endY-4, colour)
	} else {
		fmt.Fprintf(b, `<path d="M%d %dl%d -4v8z" fill="%s"/>`, end, endY, back, colour)
	}
	fmt.Fprintf(b, `<text x="8" y="%d">%.3f</text><text x="80" y="%d">:%d</text>`, y+4, l.At, y+4, l.Port)
	text := l.Text
	if l.Fate != "" {
		text += " " + l.Fate
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, (leftX+rightX)/2, y+2, template.HTMLEscapeString(text))
}
