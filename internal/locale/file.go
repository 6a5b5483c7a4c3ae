package locale

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
)

// Prefix begins the paths of the catalogues as files.
const Prefix = "/texts/"

// file is a catalogue as the browser side gets it: JSON under a path that names
// its content, so that it is good for ever.
type file struct {
	path string
	body []byte
}

var filesByTag, filesByPath = files()

func files() (byTag, byPath map[string]file) {
	byTag, byPath = map[string]file{}, map[string]file{}
	for _, tag := range append(Tags(), Pseudo) {
		body, err := json.Marshal(Text(tag))
		if err != nil {
			panic(err) // strings
		}
		sum := sha256.Sum256(body)
		f := file{path.Join(Prefix, hex.EncodeToString(sum[:8]), tag+".json"), body}
		byTag[tag], byPath[f.path] = f, f
	}
	return byTag, byPath
}

// Path returns the path of a tag's catalogue, or of [Fallback]'s if the tag is none
// of [Tags].
func Path(tag string) string {
	if f, ok := filesByTag[tag]; ok {
		return f.path
	}
	return filesByTag[Fallback].path
}

// File returns the catalogue under a path as JSON; false if there is none. It must
// not be changed.
func File(path string) ([]byte, bool) {
	f, ok := filesByPath[path]
	return f.body, ok
}
