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
:root { color-scheme: light dark; --text: #222; --page: #fff; --line: #ddd; --box: #f6f6f6; --link: #0b57a4;
  --good: #1a7f37; --bad: #b00020; --sdk: #1f5fa8; --peer: #3d6b4f; --odd: #a35f00 }
@media (prefers-color-scheme: dark) { :root { --text: #ddd; --page: #17191c; --line: #3a3d42; --box: #22252a; --link: #7fb4f0;
  --good: #5cc47a; --bad: #ff7b8a; --sdk: #78aef0; --peer: #86c79d; --odd: #f0b057 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: var(--text); background: var(--page) }
a { color: var(--link) } .wide { overflow-x: auto }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid var(--line) }
td { overflow-wrap: anywhere } th { overflow-wrap: normal }
.n { white-space: nowrap; text-align: right } .bad { color: var(--bad) } .good { color: var(--good) }
.many { max-width: 80em } .who { min-width: 8em } .note { min-width: 14em } .checks { table-layout: fixed } .checks .name { width: 22% } .checks .seen { width: 30% } .checks .n { width: 4.5em }
h2 { margin-top: 1.6em } pre { background: var(--box); padding: .6em; overflow-x: auto } summary { cursor: pointer }
svg { width: 100%; min-width: 44em; height: auto } svg text { font: 13px ui-monospace, monospace; fill: var(--text) }
svg .on { paint-order: stroke; stroke: var(--page); stroke-width: 3px } svg .axis { stroke: var(--line); stroke-width: 2px }
.sdk { stroke: var(--sdk) } .peer { stroke: var(--peer) } .lost { stroke: var(--bad) } .odd { stroke: var(--odd) }
svg path { fill: none } svg path.head { stroke: none } .head.sdk { fill: var(--sdk) } .head.peer { fill: var(--peer) } .head.odd { fill: var(--odd) }
@media (max-width: 40em) { body { margin: 1em auto } .checks, .checks tbody, .checks tr, .checks td { display: block; width: auto !important }
  .checks .heads { display: none } .checks td { border: 0; padding: .1em 0 } .checks tr { border-bottom: 1px solid var(--line); padding: .4em 0 }
  .checks td.n { text-align: left } .checks td[data-is]::before { content: attr(data-is) ": "; font-weight: 600 } }
`

var reportPage = template.Must(template.New("report").Funcs(template.FuncMap{"diagram": diagram}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Name}}: {{.Score}} of {{.Max}}</title>
<style>` + style + `</style>
<h1>{{.Name}}: {{.Score}} of {{.Max}}</h1>
<p><code>{{range $i, $word := .Program}}{{if $i}} {{end}}{{$word}}{{end}}</code>, seed {{.Seed}}, {{.Seconds}} s</p>
<table><tr><th>Part<th class="n">Points</tr>{{range .Marks}}<tr><td><a href="#{{.Name}}">{{.Title}}</a><td class="n {{if .OK}}good{{else}}bad{{end}}">{{.Points}}/{{.Max}}</tr>{{end}}
{{range .Findings}}<tr><td><a href="#{{.Name}}">{{.Title}}</a><td class="n">{{if .OK}}yes{{else}}no{{end}}</tr>{{end}}</table>
{{define "mark"}}<h2 id="{{.Name}}">{{.Title}}{{if .Max}}: {{.Points}} of {{.Max}}{{end}}</h2>
{{with .Note}}<p class="bad">{{.}}</p>{{end}}
{{if .Checks}}<table class="checks"><tr class="heads"><th class="name">Check<th>Expected<th class="seen">Seen{{if .Max}}<th class="n">Points{{end}}</tr>
{{$max := .Max}}{{range .Checks}}<tr><td class="{{if .OK}}good{{else}}bad{{end}}">{{if .OK}}✓{{else}}✗{{end}} {{.Name}}<td data-is="Expected">{{.Expected}}<td data-is="Seen">{{.Seen}}{{if $max}}<td class="n" data-is="Points">{{.Points}}/{{.Max}}{{end}}</tr>
{{end}}</table>{{end}}
{{if .Packets}}<details{{if not .OK}} open{{end}}><summary>Packets{{with .Pcap}} (all of them: <a href="{{.}}">{{.}}</a>){{end}}</summary><div class="wide">{{diagram .}}</div></details>{{end}}
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
	leftX, rightX, topY = 150, 900, 48
	stepY               = 30
	slope               = 12 // how much lower a packet arrives
)

// diagram draws the packets of a mark between two lines, the program's and the peer's.
func diagram(m Mark) template.HTML {
	var b strings.Builder
	height := topY + stepY*(len(m.Packets)+2)
	fmt.Fprintf(&b, `<svg viewBox="0 0 920 %d" role="img" aria-label="packets of connection 2">`, height)
	fmt.Fprintf(&b, `<text x="%d" y="20" text-anchor="middle">program</text><text x="%d" y="20" text-anchor="end">peer</text>`, leftX, rightX+15)
	for _, x := range []int{leftX, rightX} {
		fmt.Fprintf(&b, `<line x1="%d" y1="28" x2="%d" y2="%d" class="axis"/>`, x, x, height-8)
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
	from, to, class := leftX, rightX, "sdk"
	if !l.FromSDK {
		from, to, class = to, from, "peer"
	}
	end, endY := to, y+slope
	switch l.Fate {
	case "":
	case lost.String():
		class, end, endY = "lost", from+(to-from)*9/10, y+slope*9/10
	default:
		class = "odd"
	}
	back := 8
	if end > from {
		back = -8
	}
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="%s"/>`, from, y, end, endY, class)
	if l.Fate == lost.String() {
		fmt.Fprintf(b, `<path d="M%d %dl10 10m0 -10l-10 10" class="lost"/>`, end-5, endY-5)
	} else {
		fmt.Fprintf(b, `<path d="M%d %dl%d -4v8z" class="head %s"/>`, end, endY, back, class)
	}
	fmt.Fprintf(b, `<text x="8" y="%d">%.3f</text><text x="80" y="%d">:%d</text>`, y+5, l.At, y+5, l.Port)
	text := l.Text
	if l.Fate != "" {
		text += " " + l.Fate
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" class="on">%s</text>`, (leftX+rightX)/2, y+1, template.HTMLEscapeString(text))
}
