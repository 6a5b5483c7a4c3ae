package httpd

import (
	"strings"
	"testing"
)

func TestContentPolicyListsHops(t *testing.T) {
	t.Parallel()
	p := contentPolicy(nil, []string{"weixin:", "https://wx.tenpay.com", "weixin:"}, "")
	if !strings.Contains(p, "form-action 'self' https://wx.tenpay.com weixin:;") {
		t.Errorf("policy is %s", p)
	}
	if !strings.Contains(p, "frame-ancestors 'none'") {
		t.Errorf("nobody registered, but the policy is %s", p)
	}
}
