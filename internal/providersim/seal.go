package providersim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"
)

// seal is the kind of a signature of ours.
type seal int

const (
	genuine  seal = iota
	unsigned      // there is none
	forged        // well-formed, by a key that nobody knows
	probe         // WeChat Pay's test of the receiver, which must refuse it
	expired       // by a certificate of the company's that is over
	unissued      // by a certificate that the company has not issued
	moved         // by the public key in the place of a certificate, or the other way round
)

// lasts reports whether all tries of a notification are sealed so, rather than the first.
func (how seal) lasts() bool { return how == moved }

// signature signs a message with RSA PKCS#1 v1.5 and SHA-256, in base64.
func (how seal) signature(key *rsa.PrivateKey, message string) string {
	switch how {
	case unsigned:
		return ""
	case forged, probe:
		return sign(forger(), message)
	}
	return sign(key, message)
}

func sign(key *rsa.PrivateKey, message string) string {
	sum := sha256.Sum256([]byte(message))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(fmt.Sprintf("providersim: the platform key can't sign: %v", err)) // checkKeys makes sure that it can
	}
	return base64.StdEncoding.EncodeToString(sig)
}

func verify(key *rsa.PublicKey, message, signature string) bool {
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(message))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig) == nil
}

// forger is the key of forged signatures, made when the first one is needed.
var forger = sync.OnceValue(makeKey)

// checkKeys refuses keys that are missing or too short to be a provider's.
func checkKeys(merchant *rsa.PublicKey, platform *rsa.PrivateKey) error {
	if merchant == nil || merchant.N.BitLen() < 2048 {
		return fmt.Errorf("merchant public key: an RSA key of 2048 bits or more is needed")
	}
	if platform == nil || platform.N.BitLen() < 2048 {
		return fmt.Errorf("platform key: an RSA key of 2048 bits or more is needed")
	}
	if platform.PublicKey.Equal(merchant) {
		return fmt.Errorf("platform key: it is the merchant's own")
	}
	return nil
}
