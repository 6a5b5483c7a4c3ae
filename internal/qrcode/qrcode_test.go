package qrcode_test

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"

	"morepay/internal/pay"
	"morepay/internal/qrcode"
)

const (
	alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
	token = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
	words = "微信支付宝更多付款方式茶é€😀 abc123"
)

// payloads are the kinds of text that we draw, and those that make an encoder
// switch modes.
var payloads = []func(*rand.Rand) string{
	func(r *rand.Rand) string { return "weixin://wxpay/bizpayurl?pr=" + letters(r, token, 7+r.IntN(12)) },
	func(r *rand.Rand) string { return "https://qr.alipay.com/" + letters(r, token, 10+r.IntN(30)) },
	func(r *rand.Rand) string { return "https://pay.example/pay/" + letters(r, token, 43) },
	func(r *rand.Rand) string { return letters(r, token, 1+r.IntN(150)) },
	func(r *rand.Rand) string { return letters(r, "0123456789", 1+r.IntN(120)) },
	func(r *rand.Rand) string { return letters(r, alnum, 1+r.IntN(120)) },
	func(r *rand.Rand) string { return letters(r, words, 1+r.IntN(60)) },
	func(r *rand.Rand) string { return letters(r, "0123456789", 20) + "a" + letters(r, alnum, 20) + "é" },
}

func letters(r *rand.Rand, from string, n int) string {
	runes := []rune(from)
	var b strings.Builder
	for range n {
		b.WriteRune(runes[r.IntN(len(runes))])
	}
	return b.String()
}

func TestWhatIsDrawnIsRead(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20240927, 1))
	for i := range 1000 {
		payload := payloads[i%len(payloads)](r)
		code, err := qrcode.Encode(payload)
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		if got := scan(t, rasterize(t, code)); got != payload {
			t.Fatalf("the path of %q reads %q", payload, got)
		}
		file, err := qrcode.PNG(payload, 1+i%3)
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%q: %v", payload, err)
		}
		if got := scan(t, picture); got != payload {
			t.Fatalf("the PNG of %q reads %q", payload, got)
		}
	}
}

// scan reads the code of a picture with an independent decoder.
func scan(t testing.TB, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
		gozxing.DecodeHintType_PURE_BARCODE:  true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

// modulePixels is the size of a module in pictures that rasterize draws.
const modulePixels = 2

// rasterize fills the path of code as a browser does. It knows only rectangles
// one module high, and fails on anything else.
func rasterize(t testing.TB, code qrcode.Code) image.Image {
	t.Helper()
	side := code.Size * modulePixels
	picture := image.NewGray(image.Rect(0, 0, side, side))
	draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
	inner := image.Rect(qrcode.QuietZone, qrcode.QuietZone, code.Size-qrcode.QuietZone, code.Size-qrcode.QuietZone)
	d, ok := strings.CutPrefix(code.Path, "M0 0m")
	if !ok {
		t.Fatalf("path %.20q does not start at the origin", code.Path)
	}
	x, y := 0, 0
	for command := range strings.SplitSeq(d, "m") {
		numbers := strings.FieldsFunc(command, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
		if len(numbers) != 5 || command != numbers[0]+" "+numbers[1]+"h"+numbers[2]+"v1h-"+numbers[2]+"z" {
			t.Fatalf("%q is no rectangle", command)
		}
		x, y = x+number(t, numbers[0]), y+number(t, numbers[1])
		module := image.Rect(x, y, x+number(t, numbers[2]), y+1)
		if !module.In(inner) {
			t.Fatalf("%v is dark and lies in the quiet zone of %d modules", module, code.Size)
		}
		pixels := image.Rectangle{module.Min.Mul(modulePixels), module.Max.Mul(modulePixels)}
		draw.Draw(picture, pixels, image.Black, image.Point{}, draw.Src)
	}
	return picture
}

func number(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", qrcode.MaxPayload+1)
	for _, test := range []struct {
		name, payload string
		scale         int
		field         string
		says          string
	}{
		{"empty", "", 4, "payload", "1 to 512 bytes, has 0"},
		{"too-long", long, 4, "payload", "1 to 512 bytes, has 513"},
		{"not-utf8", "weixin://\xff", 4, "payload", "UTF-8"},
		{"scale-zero", "x", 0, "scale", "1 to 32, is 0"},
		{"scale-negative", "x", -4, "scale", "is -4"},
		{"scale-huge", "x", 33, "scale", "is 33"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := qrcode.PNG(test.payload, test.scale)
			e, ok := errors.AsType[*pay.Error](err)
			if !ok || e.Code != pay.CodeInvalid || e.Field != test.field || !strings.Contains(e.Message, test.says) {
				t.Errorf("got %v, want %s of %s saying %q", err, pay.CodeInvalid, test.field, test.says)
			}
			if _, err := qrcode.Encode(test.payload); (err != nil) != (test.field == "payload") {
				t.Errorf("Encode says %v", err)
			}
		})
	}
}

func TestLongestPayloadStaysReadable(t *testing.T) {
	t.Parallel()
	payload := strings.Repeat("~", qrcode.MaxPayload)
	code, err := qrcode.Encode(payload)
	if err != nil {
		t.Fatal(err)
	}
	if modules := code.Size - 2*qrcode.QuietZone; modules > 89 {
		t.Errorf("the longest payload has %d modules a side", modules)
	}
	if got := scan(t, rasterize(t, code)); got != payload {
		t.Errorf("the longest payload reads %q", got)
	}
}

func FuzzEncode(f *testing.F) {
	for _, payload := range []string{"", "weixin://wxpay/bizpayurl?pr=AbC", "0", "01234567890123", "A1 $", "茶", "\x00", "\xff"} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		code, err := qrcode.Encode(payload)
		if refused := payload == "" || len(payload) > qrcode.MaxPayload || !utf8.ValidString(payload); refused != (err != nil) {
			t.Fatalf("%q: %v", payload, err)
		}
		if err != nil {
			return
		}
		if got := scan(t, rasterize(t, code)); got != payload {
			t.Errorf("%q reads %q", payload, got)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for b.Loop() {
		if _, err := qrcode.Encode("weixin://wxpay/bizpayurl?pr=AbCdEfGhI"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	for b.Loop() {
		if _, err := qrcode.PNG("weixin://wxpay/bizpayurl?pr=AbCdEfGhI", 8); err != nil {
			b.Fatal(err)
		}
	}
}
