package sdk

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"testing"
)

// artifact is what a pom.xml or a lock names: a dependency, or a plugin of Maven.
type artifact struct {
	GroupID    string `xml:"groupId" json:"groupId"`
	ArtifactID string `xml:"artifactId" json:"artifactId"`
	Version    string `xml:"version" json:"version"`
	Integrity  string `xml:"-" json:"integrity"`
}

func (a artifact) name() string { return a.GroupID + ":" + a.ArtifactID }

// lifecycle are the plugins that Maven would take in a version of its own for what we ask of it: mvn clean package.
var lifecycle = []string{"maven-clean-plugin", "maven-resources-plugin", "maven-compiler-plugin", "maven-surefire-plugin", "maven-jar-plugin"}

// TestMavenPins: all that Maven downloads is named with one version, the same for Java and Kotlin, and what goes into a program
// has a checksum.
func TestMavenPins(t *testing.T) {
	versions := make(map[string]string)
	for _, dir := range []string{"java", "java/kotlin"} {
		dependencies, plugins := readPOM(t, dir)
		for _, a := range append(plugins, dependencies...) {
			if !regexp.MustCompile(`^\d+(\.\d+)+$`).MatchString(a.Version) {
				t.Errorf("%s: %s has the version %q, want digits", dir, a.name(), a.Version)
			}
			if v, ok := versions[a.name()]; ok && v != a.Version {
				t.Errorf("%s: %s has the version %s, elsewhere %s", dir, a.name(), a.Version, v)
			}
			versions[a.name()] = a.Version
		}
		for _, want := range lifecycle {
			if !hasArtifact(plugins, want, "") {
				t.Errorf("%s: the version of %s is left to Maven", dir, want)
			}
		}
		locked := readLock(t, dir)
		for _, a := range dependencies {
			if !hasArtifact(locked, a.ArtifactID, a.Version) {
				t.Errorf("%s: %s %s is not locked", dir, a.name(), a.Version)
			}
		}
		for _, a := range locked {
			if !regexp.MustCompile(`^sha512:[A-Za-z0-9+/]{86}==$`).MatchString(a.Integrity) {
				t.Errorf("%s: %s is locked to %q", dir, a.name(), a.Integrity)
			}
		}
	}
}

// hasArtifact reports whether there is an artifact of that version, or any if it is "".
func hasArtifact(list []artifact, id, version string) bool {
	for _, a := range list {
		if a.ArtifactID == id && (version == "" || a.Version == version) {
			return true
		}
	}
	return false
}

// readPOM returns what the pom.xml of a directory names, with its properties filled in.
func readPOM(t *testing.T, dir string) (dependencies, plugins []artifact) {
	t.Helper()
	var pom struct {
		Properties struct {
			List []struct {
				XMLName xml.Name
				Value   string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"properties"`
		Dependencies []artifact `xml:"dependencies>dependency"`
		Plugins      []artifact `xml:"build>plugins>plugin"`
	}
	b, err := files.ReadFile(dir + "/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b, &pom); err != nil {
		t.Fatal(err)
	}
	if len(pom.Dependencies) == 0 || len(pom.Plugins) == 0 {
		t.Fatalf("%s: %d dependencies and %d plugins", dir, len(pom.Dependencies), len(pom.Plugins))
	}
	for _, p := range pom.Properties.List {
		for _, list := range [][]artifact{pom.Dependencies, pom.Plugins} {
			for i := range list {
				if list[i].Version == "${"+p.XMLName.Local+"}" {
					list[i].Version = p.Value
				}
			}
		}
	}
	return pom.Dependencies, pom.Plugins
}

func readLock(t *testing.T, dir string) []artifact {
	t.Helper()
	var lock struct{ Dependencies []artifact }
	b, err := files.ReadFile(dir + "/dependencies-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		t.Fatal(err)
	}
	return lock.Dependencies
}
