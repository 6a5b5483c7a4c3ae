package merchant

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
	"morepay/internal/webhook"
)

// Names of the files of one merchant, in a folder named after it.
const (
	DocumentFile = "capabilities.json" // public: the capability document
	SettingsFile = "merchant.json"     // private; a merchant without one can only be looked at
)

// maxSettings is the largest size of a SettingsFile, in bytes.
const maxSettings = 1 << 20

// Source is one merchant as its files say.
type Source struct {
	ID       string
	Document *capability.Document
	Settings Settings
	Icons    map[string]Icon
	Webhooks []webhook.Endpoint                // of Settings.Webhooks, with their secrets read
	ReadKey  func(name string) ([]byte, error) // reads a file of the merchant's folder
}

// Load reads the merchants of a folder, documents and settings. What is wrong is
// told all at once, each with its file and its line or path.
func Load(dir fs.FS, live bool) ([]Source, error) {
	return each(dir, func(s *Source) error {
		return errors.Join(s.loadDocument(dir), s.loadSettings(dir, live))
	})
}

// LoadDocuments reads the documents of a folder and leaves the settings alone.
func LoadDocuments(dir fs.FS) ([]Source, error) {
	return each(dir, func(s *Source) error { return s.loadDocument(dir) })
}

func each(dir fs.FS, load func(*Source) error) ([]Source, error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, fmt.Errorf("merchants: %w", err)
	}
	var sources []Source
	var problems []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		s := Source{ID: e.Name(), ReadKey: func(name string) ([]byte, error) {
			return fs.ReadFile(dir, path.Join(e.Name(), path.Clean("/" + name)[1:]))
		}}
		if err := load(&s); err != nil {
			problems = append(problems, err)
			continue
		}
		sources = append(sources, s)
	}
	if len(sources) == 0 && len(problems) == 0 {
		problems = append(problems, errors.New("merchants: the folder holds no merchant: expected NAME/"+DocumentFile))
	}
	return sources, errors.Join(problems...)
}

func (s *Source) loadDocument(dir fs.FS) error {
	file := path.Join(s.ID, DocumentFile)
	raw, err := fs.ReadFile(dir, file)
	if err != nil {
		return err
	}
	if s.Document, err = document.Decode(raw); err != nil {
		return inFile(file, err)
	}
	if s.Document.Merchant != s.ID {
		return fmt.Errorf("%s: merchant: is %q, but the folder is %q", file, s.Document.Merchant, s.ID)
	}
	return s.loadIcons(dir)
}

func (s *Source) loadSettings(dir fs.FS, live bool) error {
	file := path.Join(s.ID, SettingsFile)
	raw, err := fs.ReadFile(dir, file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := strictjson.Decode(raw, &s.Settings, maxSettings); err != nil {
		return inFile(file, err)
	}
	if err := s.Settings.check(live); err != nil {
		return inFile(file, err)
	}
	if err := s.openWebhooks(live); err != nil {
		return inFile(file, err)
	}
	return nil
}

// openWebhooks reads the endpoints' secrets.
func (s *Source) openWebhooks(live bool) error {
	for i, w := range s.Settings.Webhooks {
		e := webhook.Endpoint{URL: w.URL}
		for j, name := range w.Secrets {
			secret, err := s.ReadKey(name)
			if err != nil {
				return pay.Errorf(pay.CodeInvalid, fmt.Sprintf("webhooks[%d].secrets[%d]", i, j), "the file %q can't be read", name)
			}
			e.Secrets = append(e.Secrets, strings.TrimSpace(string(secret)))
		}
		if err := e.Check(!live); err != nil {
			return fmt.Errorf("webhooks[%d].%w", i, err)
		}
		s.Webhooks = append(s.Webhooks, e)
	}
	return nil
}

// inFile puts the file before an error, and before each problem of its JSON the
// line too.
func inFile(file string, err error) error {
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		return fmt.Errorf("%s: %w", file, err)
	}
	list := make([]error, len(problems))
	for i, p := range problems {
		list[i] = fmt.Errorf("%s:%d: %w", file, p.Line, p)
	}
	return errors.Join(list...)
}
