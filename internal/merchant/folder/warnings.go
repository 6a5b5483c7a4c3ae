package folder

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"morepay/internal/capability"
	"morepay/internal/method"
)

// Warnings says, each with its file and line, what of loaded merchants a server takes
// and that yet can't take money, or lies open to others on the machine. Of merchants
// that are not from a folder it says nothing.
func Warnings(merchants []Merchant) []string {
	var all []string
	for _, m := range merchants {
		if m.dir != nil {
			all = append(all, m.warnings()...)
		}
	}
	if len(merchants) > 0 && merchants[0].dir != nil {
		for _, name := range LeftOut(merchants[0].dir) {
			all = append(all, fmt.Sprintf("%s: is left out: it holds neither %s nor %s", name, DocumentFile, SettingsFile))
		}
	}
	return all
}

func (m *Merchant) warnings() []string {
	switch {
	case m.withoutSettings:
		return []string{m.place("") + ": is not there: the merchant can be looked at, but neither call the API nor be paid"}
	case m.settings == nil: // nobody asked for them, or they can't be read, which is an error
		return nil
	}
	return slices.Concat(m.shutOut(), m.unpaid(), m.openFiles())
}

// shutOut says what a merchant lacks to open sessions and to show them.
func (m *Merchant) shutOut() (list []string) {
	warn := func(field, format string, args ...any) {
		list = append(list, fmt.Sprintf("%s: %s: %s", m.place(field), field, fmt.Sprintf(format, args...)))
	}
	s := m.Settings
	if s.Origins == nil {
		warn("origins", "is missing: no page of the shop may show the checkout in a frame; [] says that none is to")
	}
	if len(s.ReturnURLs) == 0 {
		warn("return_urls", "is empty: every return_url is refused")
	}
	if len(s.APIKeys) == 0 {
		warn("api_keys", "is empty: nobody can open a session")
	}
	seen := map[string]bool{}
	for i, k := range s.APIKeys {
		field := fmt.Sprintf("api_keys[%d]", i)
		if k.ID == "" {
			warn(field, "has no id: nobody can tell later which key it is")
		} else if seen[k.ID] {
			warn(field+".id", "%q is the id of another key too", k.ID)
		}
		seen[k.ID] = true
	}
	return list
}

// unpaid says which methods payers never see for want of an account.
func (m *Merchant) unpaid() (list []string) {
	if m.Document == nil {
		return nil
	}
	for i, row := range m.Document.Methods {
		known := method.Find(row.Method)
		if known == nil || row.State == capability.StateClosed {
			continue
		}
		if _, ok := m.Settings.Accounts[m.providerOf(row.Method)]; !ok {
			list = append(list, fmt.Sprintf("%s: methods[%d]: %s is %s, but %s has no account of %s: payers don't see it",
				m.inDocumentAt(fmt.Sprintf("methods[%d]", i)), i, row.Method, row.State, SettingsFile, known.Provider))
		}
	}
	return list
}

// inDocumentAt returns the file, and the line if it is known, of a field of the document.
func (m *Merchant) inDocumentAt(field string) string {
	file := path.Join(m.ID, DocumentFile)
	if m.document == nil {
		return file
	}
	return fmt.Sprintf("%s:%d", file, m.document.LineOf(field))
}

// Rights of everybody on the machine: to read a file, and to reach what lies in a
// folder.
const (
	othersRead  fs.FileMode = 0o004
	othersReach fs.FileMode = 0o001
)

// openFiles says which files with secrets everybody on the machine can read.
func (m *Merchant) openFiles() (list []string) {
	if !m.allows(".", othersReach) || !m.allows(m.ID, othersReach) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(m.keyFiles)) {
		file := path.Join(m.ID, name)
		if m.allows(file, othersRead) && !m.isPublic(file) {
			list = append(list, file+": everybody on this machine can read it: chmod o-r")
		}
	}
	return list
}

func (m *Merchant) allows(name string, right fs.FileMode) bool {
	info, err := fs.Stat(m.dir, name)
	return err == nil && info.Mode().Perm()&right != 0
}

// isPublic reports whether a file holds a public key, which is no secret.
func (m *Merchant) isPublic(file string) bool {
	text, err := fs.ReadFile(m.dir, file)
	if err != nil {
		return false
	}
	der := []byte(nil)
	if block, _ := pem.Decode(text); block != nil {
		der = block.Bytes
	} else if der, err = base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text))); err != nil {
		return false
	}
	_, noKey := x509.ParsePKIXPublicKey(der)
	_, noCertificate := x509.ParseCertificate(der)
	return noKey == nil || noCertificate == nil
}
