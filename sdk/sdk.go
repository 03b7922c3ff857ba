// Package sdk holds what a student begins with in each language: the files of the directory that "antedon lab new LANG DIR"
// makes, embedded in the binary.
//
//	kit, err := sdk.Find("go")
//	err = kit.Write("my-tcp")
//
// A language joins with its directory beside this file, its name in the embed directive, and a Kit in the list.
//
// Concurrency: none needed: nothing here changes.
//
// Limitations: a reference TCP is read in the repository, not copied.
package sdk

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed go/api go/template go/README.md go/README.zh-CN.md
//go:embed cpp/*.cpp cpp/*.h cpp/Makefile cpp/template cpp/README.md cpp/README.zh-CN.md
//go:embed java/.gitignore java/.mvn/jvm.config java/pom.xml java/dependencies-lock.json java/src/main/java/lab java/src/main/java/template
//go:embed java/kotlin/pom.xml java/kotlin/dependencies-lock.json java/kotlin/src java/README.md java/README.zh-CN.md
//go:embed nodejs/*.js nodejs/package.json nodejs/package-lock.json nodejs/.npmrc nodejs/template nodejs/typescript
//go:embed nodejs/tsconfig.json nodejs/types/api.d.ts nodejs/types/conn.d.ts nodejs/README.md nodejs/README.zh-CN.md
//go:embed python/*.py python/template python/README.md python/README.zh-CN.md
//go:embed rust/.gitignore rust/build.rs rust/src rust/template rust/README.md rust/README.zh-CN.md
var files embed.FS

// Kit is what a student's directory in one language is made of.
type Kit struct {
	Lang string
	// Parts are the directories and files it is copied from.
	Parts []Part
	// Next are the commands to go on with, in that directory: those that build, and the one that runs.
	Next []string
	// FillIn is the file in which the TCP is to be written.
	FillIn string

	edit func(name, text string) string // nil if files are copied as they are
}

// Part is a directory, copied without what is below it, or a file, and where it goes: "." is the student's directory.
type Part struct{ From, To string }

// kits are the languages there are, in the order they are told.
var kits = []Kit{
	{
		Lang: "go",
		Parts: []Part{
			{"go/template", "."}, {"go/api", "api"}, {"go/README.md", "README.md"}, {"go/README.zh-CN.md", "README.zh-CN.md"},
		},
		Next:   []string{"go build -o mytcp .", "./mytcp"},
		FillIn: "outgoing.go",
		edit:   ownModule,
	},
	{
		Lang:   "python",
		Parts:  []Part{{"python", "."}, {"python/template", "."}},
		Next:   []string{"python3 main.py"},
		FillIn: "outgoing.py",
	},
	{
		Lang:   "cpp",
		Parts:  []Part{{"cpp", "."}, {"cpp/template", "."}},
		Next:   []string{"make", "./main"},
		FillIn: "outgoing.cpp",
	},
	{
		Lang: "rust",
		Parts: []Part{
			{"rust/src/main.rs", "src/main.rs"}, {"rust/src/api.rs", "src/api.rs"}, {"rust/src/codec.rs", "src/codec.rs"},
			{"rust/build.rs", "build.rs"}, {"rust/template/outgoing.rs", "src/outgoing.rs"}, {"rust/template/incoming.rs", "src/incoming.rs"},
			{"rust/template/Cargo.toml", "Cargo.toml"}, {"rust/template/Cargo.lock", "Cargo.lock"}, {"rust/.gitignore", ".gitignore"},
			{"rust/README.md", "README.md"}, {"rust/README.zh-CN.md", "README.zh-CN.md"},
		},
		Next:   []string{"cargo build --release", "target/release/mytcp"},
		FillIn: "src/outgoing.rs",
	},
	{
		Lang: "java",
		Parts: append([]Part{
			{"java/pom.xml", "pom.xml"}, {"java/dependencies-lock.json", "dependencies-lock.json"},
			{"java/src/main/java/template", "src/main/java/mytcp"},
		}, javaParts...),
		Next:   []string{"mvn -q package", "java -jar target/mytcp.jar"},
		FillIn: "src/main/java/mytcp/Outgoing.java",
		edit:   ownPackage,
	},
	{
		Lang: "kotlin",
		Parts: append([]Part{
			{"java/kotlin/pom.xml", "pom.xml"}, {"java/kotlin/dependencies-lock.json", "dependencies-lock.json"},
			{"java/kotlin/src/main/kotlin/template", "src/main/kotlin/mytcp"},
		}, javaParts...),
		Next:   []string{"mvn -q package", "java -jar target/mytcp.jar"},
		FillIn: "src/main/kotlin/mytcp/Outgoing.kt",
		edit:   ownPackage,
	},
	{
		Lang:   "nodejs",
		Parts:  append([]Part{{"nodejs/template", "."}, {"nodejs/tsconfig.json", "tsconfig.json"}}, nodeParts...),
		Next:   []string{"npm ci --omit=dev", "node main.js"},
		FillIn: "outgoing.js",
	},
	{
		Lang:   "typescript",
		Parts:  append([]Part{{"nodejs/typescript", "."}}, nodeParts...),
		Next:   []string{"npm ci", "npx tsc", "node main.js"},
		FillIn: "outgoing.ts",
	},
}

// nodeParts are what JavaScript and TypeScript have in common.
var nodeParts = []Part{
	{"nodejs/main.js", "main.js"}, {"nodejs/calls.js", "calls.js"}, {"nodejs/api.js", "api.js"}, {"nodejs/codec.js", "codec.js"},
	{"nodejs/conn.js", "conn.js"}, {"nodejs/driver.js", "driver.js"}, {"nodejs/socket.js", "socket.js"}, {"nodejs/types", "types"},
	{"nodejs/package.json", "package.json"}, {"nodejs/package-lock.json", "package-lock.json"}, {"nodejs/.npmrc", ".npmrc"},
	{"nodejs/README.md", "README.md"}, {"nodejs/README.zh-CN.md", "README.zh-CN.md"},
}

// javaParts are what Java and Kotlin have in common.
var javaParts = []Part{
	{"java/.gitignore", ".gitignore"}, {"java/.mvn/jvm.config", ".mvn/jvm.config"},
	{"java/src/main/java/lab", "src/main/java/lab"}, {"java/README.md", "README.md"}, {"java/README.zh-CN.md", "README.zh-CN.md"},
}

// Langs returns the names of the languages.
func Langs() []string {
	var names []string
	for _, k := range kits {
		names = append(names, k.Lang)
	}
	return names
}

// Find returns the kit of a language.
func Find(lang string) (Kit, error) {
	for _, k := range kits {
		if k.Lang == lang {
			return k, nil
		}
	}
	return Kit{}, fmt.Errorf("there is no SDK for %q: want %s", lang, strings.Join(Langs(), ", "))
}

// ErrNotEmpty says that a directory already holds something.
var ErrNotEmpty = errors.New("directory not empty")

// Write makes dir and fills it. A dir that holds anything is left as it is.
func (k *Kit) Write(dir string) error {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return &fs.PathError{Op: "write into", Path: dir, Err: ErrNotEmpty}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, p := range k.Parts {
		if err := k.copyPart(dir, p); err != nil {
			return err
		}
	}
	return nil
}

func (k *Kit) copyPart(dir string, p Part) error {
	info, err := fs.Stat(files, p.From)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return k.copyFile(filepath.Join(dir, p.To), p.From)
	}
	list, err := files.ReadDir(p.From)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.IsDir() || isTest(f.Name()) {
			continue
		}
		if err := k.copyFile(filepath.Join(dir, p.To, f.Name()), path.Join(p.From, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// isTest reports whether a file is a test of ours, which needs our vectors.
func isTest(name string) bool {
	return strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "test_")
}

func (k *Kit) copyFile(to, from string) error {
	b, err := files.ReadFile(from)
	if err != nil {
		return err
	}
	to = strings.TrimSuffix(to, ".embedded") // go.mod and the like would keep a directory from being embedded
	if k.edit != nil {
		b = []byte(k.edit(filepath.Base(to), string(b)))
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// ownModule makes the api a package of the student's own module.
func ownModule(name, text string) string {
	if path.Ext(name) != ".go" {
		return text
	}
	return strings.ReplaceAll(text, `"github.com/antedon-net/antedon/sdk/go/api"`, `"mytcp/api"`)
}

// ownPackage gives the template the name of the directory that it is copied to.
func ownPackage(_, text string) string {
	return strings.NewReplacer("package template", "package mytcp", "<main>template.", "<main>mytcp.").Replace(text)
}
