package console

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/qa"
)

// explained is the page of one cell: why, and the page that the payer would see.
type explained struct {
	Ask     question
	Name    string // of the merchant
	Method  pay.Method
	Profile device.Profile
	Subject string
	Checks  []check
	Result  []string
	Command string // that says the same
	Matrix  template.URL
	Live    string // address of the page in the frame
	Notes   []string
	Width   int // of the frame, in CSS pixels
	Height  int
}

// check is a line of an explanation.
type check struct {
	Failed   bool
	Code     string
	Sentence string
}

func (c *Console) cell(w http.ResponseWriter, r *http.Request) error {
	a, err := c.asked(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	ask := a.Ask
	if len(ask.Method) != 1 || len(ask.Device) != 1 {
		return pay.Errorf(pay.CodeInvalid, "device", "name one device and one method")
	}
	profile := ask.devices()[0]
	dev, ok := device.Of(profile)
	if !ok {
		return pay.Errorf(pay.CodeInvalid, "device", "unknown device %q", profile)
	}
	lines, err := qa.Explain(a.Document, ask.Method[0], ask.order(), dev, a.learnt, a.at)
	if err != nil {
		return err
	}
	all := ask
	all.Device, all.Method = nil, nil
	e := explained{
		Ask: ask, Name: a.Document.Name, Method: ask.Method[0], Profile: profile, Subject: lines[0],
		Command: command(ask, profile), Matrix: template.URL("/qa/matrix?" + all.Query().Encode()),
		Live: c.Pay + "?" + live(ask, profile).Encode(), Notes: notes(ask),
	}
	e.Width, e.Height = size(dev)
	e.Checks, e.Result = checks(lines[1:])
	return draw(w, http.StatusOK, "cell.html", e)
}

// checks splits the lines of an explanation into its checks and its result.
func checks(lines []string) (list []check, result []string) {
	for _, line := range lines {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "  ") && len(words) > 2 {
			_, sentence, _ := strings.Cut(line, words[1])
			list = append(list, check{words[0] == "FAIL", words[1], strings.TrimSpace(sentence)})
			continue
		}
		result = append(result, line)
	}
	return list, result
}

// sizes are those of screens that are around, by what is known of a device; the first
// that fits counts.
var sizes = []struct {
	form          device.Form
	tablet        bool
	width, height int
}{
	{device.Mobile, true, 820, 1100},
	{device.Mobile, false, 390, 780},
	{device.Desktop, false, 1180, 820},
}

func size(d device.Device) (width, height int) {
	tablet := strings.HasSuffix(string(d.Profile), "ipad") || strings.HasSuffix(string(d.Profile), "tablet")
	for _, s := range sizes {
		if s.form == d.Form && s.tablet == tablet {
			return s.width, s.height
		}
	}
	return sizes[1].width, sizes[1].height
}

// live returns the query that has the storefront open such an order for that device.
func live(ask question, p device.Profile) url.Values {
	q := url.Values{"merchant": {ask.Merchant}, "amount": {strconv.FormatInt(ask.Amount, 10)}, "device": {string(p)}}
	if ask.Payer != "" {
		q.Set("payer", ask.Payer)
	}
	for _, item := range ask.Item {
		if category, ok := strings.CutPrefix(item, "category:"); ok {
			q.Set("category", category)
		}
	}
	return q
}

// notes say what of a question the order of the page in the frame can't have.
func notes(ask question) []string {
	var list []string
	if ask.Currency != defaultCurrency {
		list = append(list, "The shop sells in CNY: the page below is about an order in yuan.")
	}
	if len(ask.Item) > 1 || len(ask.Item) == 1 && !strings.HasPrefix(ask.Item[0], "category:") {
		list = append(list, "The shop's order has one item, of which the category can be chosen.")
	}
	if !ask.At.IsZero() {
		list = append(list, "The page below decides for the present time.")
	}
	if ask.Region != "" && ask.Region != "CN" {
		list = append(list, "The shop's payers are in CN.")
	}
	return list
}

// command returns the command line that explains the same.
func command(ask question, p device.Profile) string {
	parts := []string{"morepay", "explain", "--merchant", ask.Merchant, "--method", string(ask.Method[0]), "--device", string(p)}
	if ask.Amount != defaultAmount {
		parts = append(parts, "--amount", strconv.FormatInt(ask.Amount, 10))
	}
	if ask.Currency != defaultCurrency {
		parts = append(parts, "--currency", ask.Currency)
	}
	for _, item := range ask.Item {
		parts = append(parts, "--item", quoted(item))
	}
	for _, flag := range [][2]string{{"--payer", ask.Payer}, {"--region", ask.Region}} {
		if flag[1] != "" {
			parts = append(parts, flag[0], quoted(flag[1]))
		}
	}
	if !ask.At.IsZero() {
		parts = append(parts, "--at", ask.Query().Get("at"))
	}
	return strings.Join(parts, " ")
}

// quoted returns a word as a shell takes it.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
