package merchants_test

import (
	"io/fs"
	"path"
	"testing"

	"morepay/internal/capability/document"
	"morepay/internal/demo/merchants"
)

func TestSamplesDecode(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(merchants.FS, "*/capabilities.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		id := path.Dir(file)
		t.Run(id, func(t *testing.T) {
			data, err := fs.ReadFile(merchants.FS, file)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := document.Decode(data)
			if err != nil {
				t.Fatalf("%s:\n%v", file, err)
			}
			if doc.Merchant != id {
				t.Errorf("the document in %s is of merchant %q", file, doc.Merchant)
			}
		})
	}
}
