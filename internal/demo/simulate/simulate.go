// Package simulate opens the providers' side alone: accounts at the simulator for
// merchants whose settings name them, so that a server with --sim-url can be tried as
// it will run, with folders, keys and processes of its own.
//
// What must not live here: the demo's merchants and storefront, and anything that a
// real provider would not know of a merchant.
package simulate

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
	"morepay/internal/run"
)

// KeyFile is the key that the simulated providers sign with, in the folder of all
// merchants: PKCS #8 in PEM.
const KeyFile = "simulator.pem"

// Config says what a Simulator is made of.
type Config struct {
	Listen  string // address of the simulated providers and the phone; the port may be 0
	Folder  string // of the merchants, and of KeyFile
	BaseURL string // of the server that is tried, whose domain the providers have registered
	Log     *slog.Logger
}

// Simulator is the providers' side alone.
type Simulator struct {
	run.Group
	Sim *providersim.Sim
	URL string // of the providers and the phone
}

// Open opens the accounts that the settings of test-mode merchants name. Fails on live
// ones, and on whatever a real provider would not have given out, with file and field.
func Open(c Config) (*Simulator, error) {
	key, err := readKey(filepath.Join(c.Folder, KeyFile))
	if err != nil {
		return nil, err
	}
	merchants, err := folder.Load(os.DirFS(c.Folder), false)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	s := &Simulator{Group: run.Group{Log: c.Log}, URL: "http://" + listener.Addr().String()}
	s.Sim = providersim.New(providersim.Options{Origin: s.URL, Log: c.Log, RetryScale: 0.1})
	for i := range merchants {
		if err := openAccounts(s.Sim, &merchants[i], key, c.BaseURL); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
	}
	s.Serve(listener, Guard(s.Sim.Handler()))
	s.Go(s.Sim.Run)
	return s, nil
}

// Announce tells the person who started the simulator where to go.
func (s *Simulator) Announce(w io.Writer) {
	fmt.Fprintf(w, "\nmorepay simulator: no real money moves here\n\n")
	fmt.Fprintf(w, "  simulated phone    %s/phone\n", s.URL)
	fmt.Fprintf(w, "  for morepay serve  --sim-url %s\n\n", s.URL)
}

// Guard keeps pages of the web from the parts of the simulator that need no
// signature. Its APIs are called under the providers' own names.
func Guard(sim http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", sim)
	for _, open := range []string{"/control/", "/phone", "/phone/"} {
		mux.Handle(open, run.KnownHosts(sim))
	}
	return mux
}

// Hosts returns the origins without their schemes, as providers register domains.
func Hosts(origins []string) []string {
	list := make([]string, 0, len(origins))
	for _, o := range origins {
		if u, err := url.Parse(o); err == nil && u.Host != "" {
			list = append(list, u.Host)
		}
	}
	return list
}

// account is a merchant's account as its settings describe it. Only what the provider's
// side has to know is read here; the server checks all of it.
type account struct {
	name     string // of the merchant, for payers
	files    provider.Env
	key      *rsa.PrivateKey // of the simulated providers
	domains  []string        // of the server and of the merchant's pages
	settings struct {
		MchID             string            `json:"mchid"`
		AppID             string            `json:"appid"`
		AppIDs            map[string]string `json:"appids"`
		AppSecret         string            `json:"app_secret"`
		CertificateSerial string            `json:"certificate_serial"`
		APIv3Key          string            `json:"api_v3_key"`
		PublicKeyID       string            `json:"public_key_id"`
		AlipayAppID       string            `json:"app_id"`
		SellerID          string            `json:"seller_id"`
		PrivateKey        string            `json:"private_key"`
		PublicKey         string            `json:"public_key"`
		Account           string            `json:"account"`
		Secret            string            `json:"secret"`
	}
}

// openers says how the accounts of each provider are opened.
var openers = map[string]func(*account, *providersim.Sim) error{
	"wechatpay":    (*account).openWeChat,
	"alipay":       (*account).openAlipay,
	"merchantlink": (*account).openMerchantLink,
}

func openAccounts(sim *providersim.Sim, m *folder.Merchant, key *rsa.PrivateKey, baseURL string) error {
	for _, id := range slices.Sorted(maps.Keys(m.Settings.Accounts)) {
		open := openers[id]
		if open == nil {
			continue // the server says that there is no such provider
		}
		a := account{
			name: m.Document.Name, files: provider.Env{ReadKey: m.ReadKey}, key: key,
			domains: Hosts(append([]string{baseURL}, m.Settings.Origins...)),
		}
		err := json.Unmarshal(m.Settings.Accounts[id], &a.settings)
		if err == nil {
			err = open(&a, sim)
		}
		if err != nil {
			return fmt.Errorf("%s/%s: accounts.%s: %w", m.ID, folder.SettingsFile, id, err)
		}
	}
	return nil
}

// merchantKey reads the merchant's public key, and makes sure that the merchant expects
// the simulator's.
func (a *account) merchantKey() (*rsa.PublicKey, error) {
	ours, theirs, err := a.files.KeyPair(a.settings.PrivateKey, a.settings.PublicKey)
	if err != nil {
		return nil, err
	}
	if !theirs.Equal(&a.key.PublicKey) {
		return nil, pay.Errorf(pay.CodeInvalid, "public_key", "is not that of %s: take platform.pem from the export that it comes from", KeyFile)
	}
	return &ours.PublicKey, nil
}

func (a *account) openWeChat(sim *providersim.Sim) error {
	public, err := a.merchantKey()
	if err != nil {
		return err
	}
	apiV3Key, err := a.files.Secret("api_v3_key", a.settings.APIv3Key)
	if err != nil {
		return err
	}
	opened := providersim.WeChatAccount{
		MchID: a.settings.MchID, AppID: a.settings.AppID, Name: a.name, OtherAppIDs: slices.Sorted(maps.Values(a.settings.AppIDs)),
		MerchantSerial: a.settings.CertificateSerial, MerchantPublicKey: public, APIv3Key: []byte(apiV3Key),
		PlatformKey: a.key, PublicKeyID: a.settings.PublicKeyID, H5Domains: a.domains, OAuthDomains: a.domains,
	}
	if a.settings.AppSecret != "" {
		if opened.AppSecret, err = a.files.Secret("app_secret", a.settings.AppSecret); err != nil {
			return err
		}
	}
	return sim.AddWeChatAccount(opened)
}

func (a *account) openAlipay(sim *providersim.Sim) error {
	public, err := a.merchantKey()
	if err != nil {
		return err
	}
	return sim.AddAlipayAccount(providersim.AlipayAccount{
		AppID: a.settings.AlipayAppID, SellerID: a.settings.SellerID, Name: a.name, MerchantPublicKey: public, PlatformKey: a.key,
		OAuthDomains: a.domains,
	})
}

func (a *account) openMerchantLink(sim *providersim.Sim) error {
	text, err := a.files.Secret("secret", a.settings.Secret)
	if err != nil {
		return err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "secret", "must be whsec_ and base64")
	}
	return sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: a.settings.Account, Name: a.name, Secret: secret})
}

func readKey(file string) (*rsa.PrivateKey, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: \"morepay demo --export\" writes it, beside merchants that expect it", file)
	}
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode(b); block != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if key, ok := parsed.(*rsa.PrivateKey); ok && err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%s: must be an RSA key, PKCS #8 in PEM", file)
}
