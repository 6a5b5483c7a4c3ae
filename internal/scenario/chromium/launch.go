package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Patience limits how long the browser may take for one thing that it is asked. It is
// generous: nothing is measured here.
const Patience = 30 * time.Second

// starts is how often a browser is started before it is given up: now and then, one takes
// up no command.
const starts = 3

// flags keep the browser from speaking to anybody but the page's server.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.DisableGPU,
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-default-apps", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("lang", "en-US"),
}

// Launch starts the browser of that path with the profile in a folder. It returns the
// context in which chromedp drives it, and what ends it, which must be called.
func Launch(path, profile string, more ...chromedp.ExecAllocatorOption) (context.Context, func() error, error) {
	options := slices.Concat(flags, more, []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile)})
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses root without
	}
	var failed []error
	for range starts {
		ctx, stop, err := launch(options)
		if err == nil {
			return ctx, stop, nil
		}
		failed = append(failed, err)
	}
	return nil, nil, fmt.Errorf("starting %s: %w", path, errors.Join(failed...))
}

func launch(options []chromedp.ExecAllocatorOption) (context.Context, func() error, error) {
	allocated, kill := chromedp.NewExecAllocator(context.Background(), options...)
	quiet := func(string, ...any) {} // the protocol's package is older than browsers, and complains
	ctx, _ := chromedp.NewContext(allocated, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	if err := Within(Patience, func() error { return chromedp.Run(ctx) }); err != nil {
		kill()
		return nil, nil, err
	}
	stop := func() error {
		defer kill()
		patient, cancel := context.WithTimeout(ctx, Patience)
		defer cancel()
		if err := chromedp.Cancel(patient); err != nil && ctx.Err() == nil { // else it is killed
			return fmt.Errorf("chromium did not stop cleanly: %w", err)
		}
		return nil
	}
	return ctx, stop, nil
}

// Within runs what must not have a deadline, such as what makes a tab, which would end with
// it, and gives up waiting for it after a limit.
func Within(limit time.Duration, run func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- run() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(limit):
		return fmt.Errorf("no answer within %s", limit)
	}
}

// Patient returns a context for commands to the browser itself, not to a tab. The browser
// is the one that ctx drives.
func Patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser), Patience)
}

// Dispose closes all tabs of a browser context, and forgets what they kept. Now and then
// the browser never answers; then they go with it.
func Dispose(ctx context.Context, own cdp.BrowserContextID) error {
	patient, cancel := Patient(ctx)
	defer cancel()
	if err := target.DisposeBrowserContext(own).Do(patient); err != nil && patient.Err() == nil {
		return fmt.Errorf("closing a tab: %w", err)
	}
	return nil
}
