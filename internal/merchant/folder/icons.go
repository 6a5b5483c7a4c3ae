package folder

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/merchant"
	"morepay/internal/pay"
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
	MediaType string
	Body      []byte
	ETag      string
}

// loadIcons reads the folder's icons and checks that the document's are there.
func (m *Merchant) loadIcons(dir fs.FS) error {
	folder := path.Join(m.ID, "icons")
	entries, _ := fs.ReadDir(dir, folder) // most merchants have none
	m.Icons = map[string]Icon{}
	for _, e := range entries {
		file := path.Join(folder, e.Name())
		id, mediaType := strings.TrimSuffix(e.Name(), path.Ext(file)), iconTypes[path.Ext(file)]
		if mediaType == "" {
			return fmt.Errorf("%s: an icon must end in .svg, .png or .webp", file)
		}
		body, err := fs.ReadFile(dir, file)
		if err != nil {
			return err
		}
		if len(body) > MaxIcon {
			return fmt.Errorf("%s: is longer than %d bytes", file, MaxIcon)
		}
		m.Icons[id] = Icon{MediaType: mediaType, Body: body, ETag: merchant.ETag(body)}
	}
	if err := checkIcons(m.Document, m.Icons); err != nil {
		return fmt.Errorf("%s: %w", path.Join(m.ID, DocumentFile), err)
	}
	return nil
}

func checkIcons(doc *capability.Document, icons map[string]Icon) error {
	for i, m := range doc.Methods {
		if _, ok := icons[m.Icon]; m.Icon != "" && !ok {
			return pay.Errorf(pay.CodeInvalid, fmt.Sprintf("methods[%d].icon", i), "names no picture in the merchant's folder icons")
		}
	}
	return nil
}
