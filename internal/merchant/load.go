package merchant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// Names of the files of one merchant, in a folder named after it.
const (
	DocumentFile = "capabilities.json" // public: the capability document
	SettingsFile = "merchant.json"     // private; a merchant without one can only be looked at
)

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
	if s.Document, err = capability.Decode(raw); err != nil {
		return inFile(file, raw, err)
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
	if err := decodeStrictly(raw, &s.Settings); err != nil {
		return inFile(file, raw, err)
	}
	if err := s.Settings.check(live); err != nil {
		return inFile(file, raw, err)
	}
	if err := s.openWebhooks(live); err != nil {
		return inFile(file, raw, err)
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

func decodeStrictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the JSON value")
	}
	return nil
}

// inFile puts the file, and the line where JSON knows it, before an error, before
// each one of a document's.
func inFile(file string, raw []byte, err error) error {
	if list, ok := errors.AsType[capability.Problems](err); ok {
		problems := make([]error, len(list))
		for i := range list {
			problems[i] = fmt.Errorf("%s: %w", file, list[i:i+1])
		}
		return errors.Join(problems...)
	}
	offset := int64(-1)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = e.Offset
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = e.Offset
	}
	if offset < 0 {
		return fmt.Errorf("%s: %w", file, err)
	}
	line := 1 + bytes.Count(raw[:min(int(offset), len(raw))], []byte("\n"))
	return fmt.Errorf("%s:%d: %w", file, line, err)
}
