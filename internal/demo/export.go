package demo

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"morepay/internal/demo/simulate"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// apiKeyFile is a merchant's secret key in its exported folder. The server keeps a hash.
const apiKeyFile = "api_key"

// Export writes the merchants of a folder ("" for the samples) with accounts at a
// simulator, as "morepay serve --merchants" and "morepay simulate --merchants" read
// them. baseURL is where that server will be reached, origins are of the shops that
// use it. There are no webhooks: who listens to them is the shop's to say. dir must be
// empty, or not be there.
func Export(dir, from, baseURL string, origins []string) error {
	if dir == "" {
		return pay.Errorf(pay.CodeInvalid, "--export", "must name a folder")
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		return pay.Errorf(pay.CodeInvalid, "--export", "%s is not empty: nothing is overwritten", dir)
	}
	sim := providersim.New(providersim.Options{Origin: baseURL, Log: slog.New(slog.DiscardHandler)})
	shops, err := Furnish(from, sim, baseURL, origins...)
	if err != nil {
		return err
	}
	for _, shop := range shops {
		shop.Settings.Webhooks = nil
		if err := shop.Export(dir); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, shop.ID, apiKeyFile), []byte(shop.Key), 0o600); err != nil {
			return err
		}
	}
	key, err := privatePEM(shops[0].platform)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, simulate.KeyFile), key, 0o600)
}

// AnnounceExport tells the person who exported merchants how to go on.
func AnnounceExport(w io.Writer, dir, baseURL string) {
	fmt.Fprintf(w, "\nmerchants with accounts at a simulator are in %s\n\n", dir)
	fmt.Fprintf(w, "  morepay simulate --merchants %s --base-url %s\n", dir, baseURL)
	fmt.Fprintf(w, "  morepay serve --merchants %s --base-url %s --sim-url http://127.0.0.1:8081\n\n", dir, baseURL)
	fmt.Fprintf(w, "  the secret key of each is in its file %s, such as %s\n\n", apiKeyFile, filepath.Join(dir, defaultShop, apiKeyFile))
}
