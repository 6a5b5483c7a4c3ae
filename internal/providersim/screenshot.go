package providersim

import (
	"bytes"
	"errors"
	"image"
	_ "image/jpeg" // screenshots
	_ "image/png"
	"io"
	"net/http"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// Limits of a screenshot.
const (
	maxPicture = 8 << 20    // bytes
	maxPixels  = 40_000_000 // of it
)

var errNoCode = errors.New("there is no code in the picture")

// phoneScreenshot reads the code in a picture as the camera would, as if it were held in
// front of it.
func (s *Sim) phoneScreenshot(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPicture+64<<10)
	file, _, err := r.FormFile("picture")
	if err != nil {
		http.Error(w, "picture: a PNG or JPEG of up to 8 MB is needed", http.StatusBadRequest)
		return
	}
	defer file.Close()
	text, err := readCode(file)
	if err != nil {
		s.page(w, r, http.StatusOK, "order.html", phoneScreen{Refusal: inWords(WeChat, errUnknownCode)})
		return
	}
	s.scanned(w, r, text, ByCamera)
}

// readCode returns what the QR in a picture says.
func readCode(picture io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(picture, maxPicture))
	if err != nil {
		return "", err
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || size.Width*size.Height > maxPixels {
		return "", errNoCode
	}
	seen, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return "", errNoCode
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(seen)
	if err != nil {
		return "", errNoCode
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_CHARACTER_SET: "UTF-8", gozxing.DecodeHintType_TRY_HARDER: true,
	})
	if err != nil {
		return "", errNoCode
	}
	return found.GetText(), nil
}
