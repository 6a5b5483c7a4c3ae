// Package simulate opens the providers' side alone: accounts at the simulator for
// merchants whose settings name them, so that a server with --sim-url can be tried as
// it will run, with folders, keys and processes of its own.
//
// What must not live here: the demo's merchants and storefront, and anything that a
// real provider would not know of a merchant.
package simulate

import (
	"cmp"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	shared := map[string]bool{}
	for i := range merchants {
		if err := openAccounts(s.Sim, &merchants[i], key, c.BaseURL, shared); err != nil {
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
		SpMchID           string            `json:"sp_mchid"`
		SpAppID           string            `json:"sp_appid"`
		SubMchID          string            `json:"sub_mchid"`
		SubAppID          string            `json:"sub_appid"`
		AppIDs            map[string]string `json:"appids"`
		AppSecret         string            `json:"app_secret"`
		MiniProgramSecret string            `json:"mini_program_secret"`
		CertificateSerial string            `json:"certificate_serial"`
		PlatformCerts     []string          `json:"platform_certificates"`
		APIv3Key          string            `json:"api_v3_key"`
		PublicKeyID       string            `json:"public_key_id"`
		AlipayAppID       string            `json:"app_id"`
		AuthAppID         string            `json:"auth_app_id"`
		AppAuthToken      string            `json:"app_auth_token"`
		SellerID          string            `json:"seller_id"`
		AppCertificate    string            `json:"app_certificate"`
		AlipayCertificate string            `json:"alipay_certificate"`
		PrivateKey        string            `json:"private_key"`
		PublicKey         string            `json:"public_key"`
		Account           string            `json:"account"`
		Secret            string            `json:"secret"`
		MerID             string            `json:"mer_id"`
		Certificate       string            `json:"certificate"`
		MiddleCertificate string            `json:"middle_certificate"`
	}
}

// openers says how the accounts of each provider are opened.
var openers = map[string]func(*account, *providersim.Sim) error{
	"wechatpay":    (*account).openWeChat,
	"alipay":       (*account).openAlipay,
	"merchantlink": (*account).openMerchantLink,
	"unionpay":     (*account).openUnionPay,
}

// openAccounts opens those of one merchant. shared holds what others have had opened:
// merchants of one company have the same settings of the same account.
func openAccounts(sim *providersim.Sim, m *folder.Merchant, key *rsa.PrivateKey, baseURL string, shared map[string]bool) error {
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
		if name := fmt.Sprintf("%s %+v", id, a.settings); err == nil && !shared[name] {
			shared[name], err = true, open(&a, sim)
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
		return nil, pay.Errorf(pay.CodeInvalid, "public_key", "is not that of %[1]s: it is platform.pem of the export that the key comes from, or what \"openssl pkey -in %[1]s -pubout\" writes", KeyFile)
	}
	return &ours.PublicKey, nil
}

func (a *account) openWeChat(sim *providersim.Sim) error {
	public, err := a.weChatKey()
	if err != nil {
		return err
	}
	certificates, err := a.platformCertificates()
	if err != nil {
		return err
	}
	apiV3Key, err := a.files.Secret("api_v3_key", a.settings.APIv3Key)
	if err != nil {
		return err
	}
	opened := providersim.WeChatAccount{
		MchID: cmp.Or(a.settings.MchID, a.settings.SubMchID), AppID: cmp.Or(a.settings.AppID, a.settings.SubAppID), Name: a.name,
		OtherAppIDs: a.appIDs("qr", "deep_link", "jsapi"), MobileAppID: a.settings.AppIDs["app"], MiniProgramID: a.settings.AppIDs["mini_program"],
		MerchantSerial: a.settings.CertificateSerial, MerchantPublicKey: public, APIv3Key: []byte(apiV3Key),
		PlatformKey: a.key, PublicKeyID: a.settings.PublicKeyID, H5Domains: a.domains, OAuthDomains: a.domains,
		Certificates: certificates, CertificateCallbacks: true, // whoever changes from them is still told by them
	}
	if a.settings.SpMchID != "" {
		opened.Under = &providersim.WeChatServiceProvider{MchID: a.settings.SpMchID, AppID: a.settings.SpAppID}
	}
	if a.settings.AppSecret != "" {
		secret, err := a.files.Secret("app_secret", a.settings.AppSecret)
		if err != nil {
			return err
		}
		if opened.AppSecret = secret; opened.Under != nil {
			opened.Under.AppSecret = secret // it is that of whichever app the payer meets
		}
	}
	if a.settings.MiniProgramSecret != "" {
		if opened.MiniProgramSecret, err = a.files.Secret("mini_program_secret", a.settings.MiniProgramSecret); err != nil {
			return err
		}
	}
	return sim.AddWeChatAccount(opened)
}

// weChatKey reads the merchant's public key. An account with platform certificates alone
// has none of WeChat Pay's that could be another simulator's: it downloads this one's.
func (a *account) weChatKey() (*rsa.PublicKey, error) {
	if a.settings.PlatformCerts == nil || a.settings.PublicKey != "" {
		return a.merchantKey()
	}
	key, err := a.files.PrivateKey("private_key", a.settings.PrivateKey)
	if err != nil {
		return nil, err
	}
	return &key.PublicKey, nil
}

// platformCertificates makes the one of WeChat Pay that an account is to download, if it
// verifies by them.
func (a *account) platformCertificates() ([]providersim.PlatformCertificate, error) {
	if a.settings.PlatformCerts == nil {
		return nil, nil
	}
	day := time.Now().Truncate(24 * time.Hour)
	sum := sha256.Sum256(a.key.N.Bytes())
	serial := new(big.Int).SetBytes(append([]byte{0x71}, sum[:19]...)) // 20 bytes, as theirs have
	issued, err := providersim.IssuePlatformCertificate(a.key, serial, day.AddDate(0, 0, -1), day.AddDate(5, 0, 0))
	return []providersim.PlatformCertificate{issued}, err
}

// appIDs returns those of rails that have one of their own.
func (a *account) appIDs(rails ...string) (ids []string) {
	for _, rail := range rails {
		if id := a.settings.AppIDs[rail]; id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

func (a *account) openAlipay(sim *providersim.Sim) error {
	public, err := a.alipayKey()
	if err != nil {
		return err
	}
	opened := providersim.AlipayAccount{
		AppID: cmp.Or(a.settings.AuthAppID, a.settings.AlipayAppID), SellerID: a.settings.SellerID, Name: a.name, MerchantPublicKey: public,
		PlatformKey: a.key, OAuthDomains: a.domains, Certified: a.settings.AppCertificate != "",
	}
	if a.settings.AuthAppID != "" {
		token, err := a.files.Secret("app_auth_token", a.settings.AppAuthToken)
		if err != nil {
			return err
		}
		opened.Under = &providersim.AlipayServiceProvider{AppID: a.settings.AlipayAppID, Token: token}
	}
	return sim.AddAlipayAccount(opened)
}

// alipayKey reads the merchant's public key. In certificate mode it makes sure that the
// merchant has the simulator's certificate of Alipay.
func (a *account) alipayKey() (*rsa.PublicKey, error) {
	if a.settings.AppCertificate == "" {
		return a.merchantKey()
	}
	env := a.files
	env.Now = time.Now
	key, err := env.PrivateKey("private_key", a.settings.PrivateKey)
	if err != nil {
		return nil, err
	}
	cert, err := env.Certificate("alipay_certificate", a.settings.AlipayCertificate)
	if err != nil {
		return nil, err
	}
	if !a.key.PublicKey.Equal(cert.PublicKey) {
		return nil, pay.Errorf(pay.CodeInvalid, "alipay_certificate", "is not that of %s: take alipay.crt from the export that it comes from", KeyFile)
	}
	return &key.PublicKey, nil
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

// openUnionPay makes sure that the merchant pins the simulator's authority.
func (a *account) openUnionPay(sim *providersim.Sim) error {
	env := a.files
	env.Now = time.Now
	key, err := env.PrivateKey("private_key", a.settings.PrivateKey)
	if err != nil {
		return err
	}
	own, err := env.OwnCertificate("certificate", a.settings.Certificate, key)
	if err != nil {
		return err
	}
	pinned, err := env.Secret("middle_certificate", a.settings.MiddleCertificate)
	if err != nil {
		return err
	}
	if _, middle := providersim.UnionPayAuthorities(a.key); strings.TrimSpace(string(middle)) != strings.TrimSpace(pinned) {
		return pay.Errorf(pay.CodeInvalid, "middle_certificate", "is not that of %s: take unionpay_middle.cer from the export that it comes from", KeyFile)
	}
	return sim.AddUnionPayAccount(providersim.UnionPayAccount{MerID: a.settings.MerID, Name: a.name, Certificate: own, SignerKey: a.key})
}

func readKey(file string) (*rsa.PrivateKey, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing: \"morepay demo --export\" writes it, beside merchants that expect it, or make one of your own: docs/providers/rehearsal.md", file)
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
