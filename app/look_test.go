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

	"morepay/app"
	"morepay/internal/capability"
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
	t.Parallel()
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
	t.Parallel()
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
// twice as large as usual, or in the narrow frame of a shop's page. Where there is least
// room it is tried in all languages.
func TestBrowserFits(t *testing.T) {
	t.Parallel()
	needs.Chromium(t)
	const narrow = 320
	all := append(locale.Tags(), locale.Pseudo)
	for name, tt := range map[string]struct {
		options []browsertest.Option
		widths  map[int][]string // and in which languages
	}{
		"usual-text": {nil, map[int][]string{narrow: languages(), 1024: languages()}},
		"large-text": {[]browsertest.Option{browsertest.LargeText()}, map[int][]string{narrow: all, 360: languages(), 1024: languages(), 1920: languages()}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t, browsertest.Start(t, tt.options...))
			for width, tags := range tt.widths {
				s.fits(t, width, tags)
			}
		})
	}
}

func (s stage) fits(t *testing.T, width int, tags []string) {
	t.Helper()
	s.set(width, 740, width < 1000, media{motion: "reduce"})
	for _, sc := range scenes(t) {
		if sc.form == device.Mobile && width > 1000 {
			continue
		}
		sc.opened = true
		for _, tag := range tags {
			s.show(sc, tag)
			s.report(t, fits, sc.name, string(sc.form), strconv.Itoa(width), tag)
			s.Eval(`delete document.documentElement.dataset.live`, nil)
			s.report(t, fits, sc.name, string(sc.form), strconv.Itoa(width), tag, "without scripts")
		}
	}
}

// TestBrowserHearsWishes: what moves stands still for who asks for that, more contrast
// is more, and where a system has colours of its own, buttons have edges and codes
// stay black on white.
func TestBrowserHearsWishes(t *testing.T) {
	t.Parallel()
	needs.Chromium(t)
	s := openStage(t, browsertest.Start(t))
	for _, sc := range scenes(t) {
		for wish, tt := range map[string]struct {
			media  media
			faults string // what is against it, in sentences
		}{
			"motion": {media{motion: "reduce"}, `document.getAnimations().filter(a => a.effect.getComputedTiming().activeDuration > 0).map(a => a.animationName + " moves")`},
			"contrast": {media{contrast: "more"}, `[...document.querySelectorAll(".hint, .note, .what, .cap, .status, .foot p")].
				filter(e => getComputedStyle(e).color !== getComputedStyle(document.documentElement).color && !e.closest(".notice")).map(e => e.className + " is pale")`},
			"colours": {media{forced: "active"}, `[...document.querySelectorAll(".main, .side, .url, .tile")].
				filter(e => e.checkVisibility() && (getComputedStyle(e).borderTopWidth === "0px" || /^rgba.*, 0.$/.test(getComputedStyle(e).borderTopColor))).map(e => e.className + " has no edge").
				concat([...document.querySelectorAll(".tile")].filter(e => getComputedStyle(e).color !== "rgb(0, 0, 0)" || !/^rgb.25[05], 25[05], 25[05]/.test(getComputedStyle(e).backgroundColor)).
				filter(e => !e.matches(".dead")).map(e => "the code is " + getComputedStyle(e).color + " on " + getComputedStyle(e).backgroundColor))`},
		} {
			s.dress(sc.form, tt.media)
			s.show(sc, "en")
			s.report(t, tt.faults, sc.name, string(sc.form), wish)
		}
	}
}

// TestBrowserBarsHaveTheGround: the browser's own bars go on where the page ends.
func TestBrowserBarsHaveTheGround(t *testing.T) {
	t.Parallel()
	needs.Chromium(t)
	s := openStage(t, browsertest.Start(t))
	for _, theme := range []capability.Theme{{}, {Preset: "plain"}, {Mode: "auto"}, {Mode: "light"}, {Mode: "dark"}, {Mode: "dark", Preset: "plain"}} {
		v := app.Views()["paid"]
		v.Document.Theme = theme
		for _, scheme := range []string{"light", "dark"} {
			s.dress(device.Mobile, media{scheme: scheme})
			s.show(sceneOf(t, "paid", v, app.HTML), "en")
			var bar, ground string
			s.Eval(`document.body.style.color = [...document.querySelectorAll("meta[name=theme-color]")].find(m => matchMedia(m.media || "all").matches).content,
				getComputedStyle(document.body).color`, &bar)
			s.Eval(`getComputedStyle(document.documentElement).backgroundColor`, &ground)
			if bar != ground {
				t.Errorf("%+v in %s: bars are %s, the ground %s", theme, scheme, bar, ground)
			}
		}
	}
}
