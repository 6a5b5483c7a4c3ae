package providersim

import (
	"maps"
	"slices"
	"testing"
)

func TestPhoneTextsAreComplete(t *testing.T) {
	t.Parallel()
	if en, zh := slices.Sorted(maps.Keys(phoneEnglish)), slices.Sorted(maps.Keys(phoneChinese)); !slices.Equal(en, zh) {
		t.Errorf("the languages have different keys:\n%v\n%v", en, zh)
	}
}

// TestEveryReasonHasWords: whatever stops a payer is said in each wallet's
// words, and explained.
func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	for reason := range english {
		for wallet, words := range walletWords {
			onlyWeChat := reason == errFromAlbum || reason == errLongPress || reason == errAsLink || reason == errOtherNetwork
			if words[reason] == "" && (wallet == WeChat || !onlyWeChat) {
				t.Errorf("%s has no words for %v", wallet, reason)
			}
		}
	}
}
