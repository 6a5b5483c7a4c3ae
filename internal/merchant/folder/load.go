package folder

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
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

// Merchant is one merchant as its files say.
type Merchant struct {
	ID       string
	Document *capability.Document
	Settings Settings
	Icons    map[string]Icon
	Webhooks []webhook.Endpoint                // of Settings.Webhooks, with their secrets read; nil if there is no such list
	ReadKey  func(name string) ([]byte, error) // reads a file of the merchant's folder; its errors don't repeat the name

	dir      fs.FS             // the folder of all; nil if the merchant is from elsewhere
	keyFiles map[string]bool   // what ReadKey has read, below the merchant's folder
	document *strictjson.Value // DocumentFile, to find a field's line; nil if Document is from elsewhere
	settings *strictjson.Value // SettingsFile, the same of Settings

	withoutSettings bool // there is no SettingsFile
}

// Load reads the merchants of a folder, documents and settings. What is wrong is
// told all at once, each with its file and its line or path; the merchants are then
// as far as they could be read, for [OpenAccounts] to say what is wrong with those.
func Load(dir fs.FS, realMoney bool) ([]Merchant, error) {
	return loadMode(dir, modeOf(realMoney))
}

// LoadAnyMode is [Load] for who serves nobody: each merchant is of the mode that its
// settings say.
func LoadAnyMode(dir fs.FS) ([]Merchant, error) { return loadMode(dir, "") }

func loadMode(dir fs.FS, mode Mode) ([]Merchant, error) {
	return each(dir, func(m *Merchant) error {
		return errors.Join(m.loadDocument(dir), m.loadSettings(dir, mode))
	})
}

// LoadDocuments reads the documents of a folder and leaves the settings alone.
func LoadDocuments(dir fs.FS) ([]Merchant, error) {
	return each(dir, func(m *Merchant) error { return m.loadDocument(dir) })
}

// LeftOut returns the names of the folders that are taken for no merchant's, because
// they hold neither of its files.
func LeftOut(dir fs.FS) []string {
	_, leftOut, _ := list(dir)
	return leftOut
}

// Documents returns the merchants' documents.
func Documents(merchants []Merchant) []*capability.Document {
	docs := make([]*capability.Document, len(merchants))
	for i, m := range merchants {
		docs[i] = m.Document
	}
	return docs
}

func each(dir fs.FS, load func(*Merchant) error) ([]Merchant, error) {
	ids, _, err := list(dir)
	problems := []error{err}
	var merchants []Merchant
	for _, id := range ids {
		keyFiles := map[string]bool{}
		m := Merchant{ID: id, dir: dir, keyFiles: keyFiles, ReadKey: func(name string) ([]byte, error) {
			b, err := readKey(dir, id, name)
			if err == nil {
				keyFiles[inside(name)] = true
			}
			return b, err
		}}
		problems = append(problems, load(&m))
		merchants = append(merchants, m)
	}
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	if len(merchants) == 0 && len(problems) == 0 {
		problems = append(problems, noMerchant(dir))
	}
	return merchants, errors.Join(problems...)
}

func noMerchant(dir fs.FS) error {
	if holdsMerchant(dir, ".") {
		return errors.New("merchants: the folder is a merchant's own: name the one above, which has a folder for each")
	}
	return errors.New("merchants: the folder holds no merchant: expected NAME/" + DocumentFile)
}

// list returns the names of the folders that are merchants', and of those that are
// left out because they hold neither of a merchant's files. Links are followed.
// Whatever begins with a dot is somebody's own, such as .git, or Kubernetes' ..data.
func list(dir fs.FS) (merchants, leftOut []string, err error) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil, nil, fmt.Errorf("merchants: %w", err)
	}
	var problems []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := fs.Stat(dir, e.Name())
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("merchants: %s leads nowhere: %w", e.Name(), err))
		case !info.IsDir():
		case holdsMerchant(dir, e.Name()):
			merchants = append(merchants, e.Name())
		default:
			leftOut = append(leftOut, e.Name())
		}
	}
	return merchants, leftOut, errors.Join(problems...)
}

// holdsMerchant reports whether one of a merchant's files is there; one that can't
// be read is.
func holdsMerchant(dir fs.FS, name string) bool {
	for _, file := range []string{DocumentFile, SettingsFile} {
		if _, err := fs.Stat(dir, path.Join(name, file)); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

func (m *Merchant) loadDocument(dir fs.FS) error {
	file := path.Join(m.ID, DocumentFile)
	raw, err := fs.ReadFile(dir, file)
	if err != nil {
		return err
	}
	doc, err := document.Decode(raw)
	if err != nil {
		return inFile(file, err)
	}
	m.Document = doc
	m.document, _ = strictjson.Parse(raw, document.MaxSize)
	if m.Document.Merchant != m.ID {
		return fmt.Errorf("%s:%d: merchant: is %q, but the folder is %q", file, m.document.LineOf("merchant"), m.Document.Merchant, m.ID)
	}
	return m.loadIcons(dir)
}

// loadSettings reads the settings of a merchant of one mode, "" for either.
func (m *Merchant) loadSettings(dir fs.FS, mode Mode) error {
	file := path.Join(m.ID, SettingsFile)
	raw, err := fs.ReadFile(dir, file)
	if errors.Is(err, fs.ErrNotExist) {
		m.withoutSettings = true
		return nil
	}
	if err != nil {
		return err
	}
	var settings Settings
	if err := strictjson.Decode(raw, &settings, maxSettings); err != nil {
		return inFile(file, err)
	}
	m.Settings = settings
	m.settings, _ = strictjson.Parse(raw, maxSettings)
	var problems []error
	if mode == "" && m.Settings.Mode == ModeTest {
		mode = ModeTest
	}
	realMoney := mode != ModeTest
	for _, err := range m.Settings.check(realMoney) {
		problems = append(problems, m.inSettings("", err))
	}
	return errors.Join(append(problems, m.openWebhooks(realMoney)...)...)
}

// openWebhooks reads the endpoints' secrets. No list at all stays nil: the file
// says nothing of webhooks.
func (m *Merchant) openWebhooks(realMoney bool) (problems []error) {
	if m.Settings.Webhooks != nil {
		m.Webhooks = []webhook.Endpoint{}
	}
	for i, w := range m.Settings.Webhooks {
		e, err := m.openWebhook(i, w, realMoney)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		m.Webhooks = append(m.Webhooks, e)
	}
	return problems
}

func (m *Merchant) openWebhook(i int, w Webhook, realMoney bool) (webhook.Endpoint, error) {
	e := webhook.Endpoint{ID: cmp.Or(w.ID, strconv.Itoa(i+1)), URL: w.URL}
	for j, name := range w.Secrets {
		secret, err := m.ReadKey(name)
		if err != nil {
			return e, m.inSettings("", pay.Errorf(pay.CodeInvalid, fmt.Sprintf("webhooks[%d].secrets[%d]", i, j), "the file can't be read: %v", err))
		}
		e.Secrets = append(e.Secrets, strings.TrimSpace(string(secret)))
	}
	if err := e.Check(!realMoney); err != nil {
		return e, m.inSettings(fmt.Sprintf("webhooks[%d]", i), fmt.Errorf("webhooks[%d].%w", i, err))
	}
	if slices.ContainsFunc(m.Webhooks, func(o webhook.Endpoint) bool { return o.ID == e.ID }) {
		return e, m.inSettings("", pay.Errorf(pay.CodeInvalid, fmt.Sprintf("webhooks[%d].id", i), "%q is the id of another endpoint too; without one it is the place in the list", e.ID))
	}
	return e, nil
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
		list[i] = fmt.Errorf("%s:%d: %w", file, max(p.Line, 1), p)
	}
	return errors.Join(list...)
}

// inDocument puts file and line before what else is wrong with the document.
func (m *Merchant) inDocument(err error) error {
	if err == nil {
		return nil
	}
	if problems, ok := errors.AsType[strictjson.Problems](err); ok && m.document != nil {
		problems.Place(m.document)
	}
	return inFile(path.Join(m.ID, DocumentFile), err)
}

// inSettings puts file and line before what is wrong with the settings. Fields
// that err names are below the path above.
func (m *Merchant) inSettings(above string, err error) error {
	if problems, ok := errors.AsType[strictjson.Problems](err); ok {
		list := make([]error, len(problems))
		for i, p := range problems {
			field := below(above, p.Path)
			list[i] = fmt.Errorf("%s: %s: %s", m.place(field), field, p.Message)
		}
		return errors.Join(list...)
	}
	if e, ok := errors.AsType[*pay.Error](err); ok {
		above = below(above, e.Field)
	}
	return fmt.Errorf("%s: %w", m.place(above), err)
}

func below(above, field string) string { return strings.Trim(above+"."+field, ".") }

// place returns the file, and the line if it is known, of a field of the settings.
func (m *Merchant) place(field string) string {
	file := path.Join(m.ID, SettingsFile)
	if m.settings == nil {
		return file
	}
	return fmt.Sprintf("%s:%d", file, m.settings.LineOf(field))
}
