//go:build !js

package app_test

import (
	_ "embed"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"morepay/internal/device"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/locale"
	"morepay/internal/needs"
)

var everyLanguage = flag.Bool("every-language", false, "look at the screens in all languages, not only in those that differ most")

// languages returns what the screens are tried in: both that most payers read, one
// that is a third longer, one that runs from right to left.
func languages() []string {
	all := append(locale.Tags(), locale.Pseudo)
	if *everyLanguage {
		return all
	}
	return slices.DeleteFunc(all, func(tag string) bool { return !slices.Contains([]string{"zh-CN", "en", "ar", locale.Pseudo}, tag) })
}

// axeRules are WCAG 2.2 at level AA and what its authors recommend besides. The
// size of targets is off unless it is asked for.
const axeRules = `{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
	rules: {"target-size": {enabled: true}}, resultTypes: ["violations"]}`

const axeFinds = `axe.run(document, ` + axeRules + `).then(r => r.violations.map(v =>
	v.id + ": " + v.help + ": " + v.nodes.map(n => n.target + " " + n.any.map(c => c.message).join(", ")).join("; ")))`

// axeStage is a stage with the rules loaded.
func axeStage(t *testing.T) stage {
	t.Helper()
	path := needs.Axe(t)
	s := openStage(t, browsertest.Start(t))
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Eval(string(source)+"; 0", nil)
	return s
}

// TestBrowserKeepsWCAG tries every screen in light and dark.
func TestBrowserKeepsWCAG(t *testing.T) {
	s := axeStage(t)
	list := scenes(t)
	for _, scheme := range []string{"light", "dark"} {
		for _, form := range []device.Form{device.Mobile, device.Desktop} {
			s.dress(form, media{scheme: scheme, motion: "reduce"})
			for _, sc := range list {
				if sc.form != form {
					continue
				}
				for _, tag := range languages() {
					s.show(sc, tag)
					s.report(t, axeFinds, sc.name, string(form), scheme, tag)
				}
			}
		}
	}
}

// dress makes the stage as large as a device.
func (s stage) dress(form device.Form, m media) {
	if form == device.Desktop {
		s.set(1024, 768, false, m)
		return
	}
	s.set(360, 740, true, m)
}

// report fails the test for each sentence that a script returns.
func (s stage) report(t *testing.T, script string, where ...string) {
	t.Helper()
	var found []string
	s.Eval(script, &found)
	for _, line := range found {
		t.Errorf("%s: %s", strings.Join(where, ", "), line)
	}
}

// TestBrowserFindsFaults plants one of each kind: a page where nothing is found is
// worth as much as the search.
func TestBrowserFindsFaults(t *testing.T) {
	s := axeStage(t)
	list := scenes(t)
	sc := list[slices.IndexFunc(list, func(sc scene) bool { return sc.name == "select-phone" })]
	for name, tt := range map[string]struct{ plant, script, want string }{
		"pale":     {`document.querySelector(".hint").style.color = "#ccc"`, axeFinds, "color-contrast"},
		"nameless": {`document.querySelector("button").textContent = ""`, axeFinds, "button-name"},
		"beyond":   {`document.querySelector(".payee").style.marginLeft = "300px"; document.querySelector(".payee").style.whiteSpace = "nowrap"`, fits, "beyond the edge"},
		"cut":      {`document.querySelector(".card").style.height = "30px"`, fits, "cut off"},
		"over":     {`document.querySelector(".amount").style.marginTop = "-30px"`, fits, "is over"},
		"squeezed": {`document.querySelector(".name").style.width = "1em"`, fits, "squeezed"},
		"broken":   {`Object.assign(document.querySelector(".amount").style, {whiteSpace: "normal", width: "50px"})`, fits, "is broken"},
		"small":    {`Object.assign(document.querySelector(".foot a").style, {minHeight: 0, padding: 0})`, fits, "target of"},
	} {
		t.Run(name, func(t *testing.T) {
			s.dress(device.Mobile, media{})
			s.show(sc, "en")
			s.Eval(tt.plant, nil)
			var found []string
			s.Eval(tt.script, &found)
			if !strings.Contains(strings.Join(found, "\n"), tt.want) {
				t.Errorf("found %q, want %q", found, tt.want)
			}
		})
	}
}

//go:embed testdata/fits.js
var fits string

// TestBrowserFits: nothing is cut off, covered or squeezed on a narrow phone, with text
// twice as large as usual, or in the narrow frame of a shop's page, in any language.
func TestBrowserFits(t *testing.T) {
	needs.Chromium(t)
	for name, tt := range map[string]struct {
		options []browsertest.Option
		widths  []int
	}{
		"usual-text": {nil, []int{320, 1024}},
		"large-text": {[]browsertest.Option{browsertest.LargeText()}, []int{320, 360, 1024, 1920}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t, browsertest.Start(t, tt.options...))
			for _, width := range tt.widths {
				s.fits(t, width)
			}
		})
	}
}

func (s stage) fits(t *testing.T, width int) {
	t.Helper()
	s.set(width, 740, width < 1000, media{motion: "reduce"})
	for _, sc := range scenes(t) {
		if sc.form == device.Mobile && width > 1000 {
			continue
		}
		sc.opened = true
		for _, tag := range append(locale.Tags(), locale.Pseudo) {
			s.show(sc, tag)
			s.report(t, fits, sc.name, string(sc.form), strconv.Itoa(width), tag)
		}
	}
}
