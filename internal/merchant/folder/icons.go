package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/merchant"
	"morepay/internal/strictjson"
)

// MaxIcon is the largest icon, in bytes.
const MaxIcon = 32 << 10

// iconTypes are the kinds of picture that may be an icon, by file ending.
var iconTypes = map[string]string{
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".webp": "image/webp",
}

// Icon is a merchant's own picture for a method: icons/<id>.svg, .png or .webp
// in the merchant's folder.
type Icon struct {
	File      string // its name in the folder icons
	MediaType string
	Body      []byte
	ETag      string
}

// loadIcons reads the folder's icons and checks that the document's are there.
func (m *Merchant) loadIcons(dir fs.FS) error {
	var problems []error
	folder := path.Join(m.ID, "icons")
	entries, _ := fs.ReadDir(dir, folder) // most merchants have none
	m.Icons = map[string]Icon{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		file := path.Join(folder, e.Name())
		id, mediaType := strings.TrimSuffix(e.Name(), path.Ext(file)), iconTypes[path.Ext(file)]
		if mediaType == "" {
			problems = append(problems, fmt.Errorf("%s: an icon must end in .svg, .png or .webp", file))
			continue
		}
		body, err := fs.ReadFile(dir, file)
		if err != nil {
			return err
		}
		if len(body) > MaxIcon {
			problems = append(problems, fmt.Errorf("%s: is longer than %d bytes", file, MaxIcon))
		}
		m.Icons[id] = Icon{File: e.Name(), MediaType: mediaType, Body: body, ETag: merchant.ETag(body)}
	}
	return errors.Join(append(problems, m.inDocument(checkIcons(m.Document, m.Icons)))...)
}

// ruleIcon: a document may name only pictures of the merchant's folder.
const ruleIcon strictjson.Rule = "icon"

// checkIcons fails with strictjson.Problems, without lines.
func checkIcons(doc *capability.Document, icons map[string]Icon) error {
	var problems strictjson.Problems
	check := func(field, id string) {
		if _, ok := icons[id]; id != "" && !ok {
			problems.Add(field, 0, ruleIcon, "names no picture in the merchant's folder icons")
		}
	}
	check("logo", doc.Logo)
	for i, m := range doc.Methods {
		check(fmt.Sprintf("methods[%d].icon", i), m.Icon)
	}
	return problems.Err()
}
