package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"time"
)

var p256, others []crypto.Signer

func makeKeys() {
	for range 5 {
		p256 = append(p256, ecdsaKey(elliptic.P256()))
	}
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	modulus, _ := rsa.GenerateKey(rand.Reader, 2048)
	others = []crypto.Signer{ecdsaKey(elliptic.P384()), ecdsaKey(elliptic.P521()), edwards, modulus}
}

func ecdsaKey(curve elliptic.Curve) crypto.Signer {
	key, _ := ecdsa.GenerateKey(curve, rand.Reader)
	return key
}

// The names that certificates are asked for.
var wanted = []string{
	"server.global.nomad", "server.global.nomad", "", "", "client.global.nomad", "127.0.0.1", "[::1]",
	"SERVER.global.NOMAD", "server.global.nomad.", "global.nomad", "a.b.global.nomad", "bad name", "x_y.nomad",
	"*.global.nomad", "10.1.2.3", "1.2.3.4",
}

// Who of a chain has the faults; more often than not the leaf.
const (
	faultyLeaf = iota
	faultyIntermediate
	faultyRoot
	faultless
	members = 8
)

// A chain of a root, up to two intermediates and a leaf; false where Go refuses to make one.
func makeCase() (Case, bool) {
	faulty, depth := random.Intn(members), pick(0, 1, 1, 2)
	issuer, key := template("root", true), anyKey(0, 0.3)
	if chance(0.9) {
		issuer.IsCA, issuer.BasicConstraintsValid, issuer.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	root := certificate(issuer, issuer, key, key, faulty == faultyRoot)
	made := Case{Usage: pick("server", "client"), Name: pick(wanted...), Roots: [][]byte{root}}
	for level := range depth {
		own, authority := anyKey(1+level, 0.1), template("intermediate", true)
		der := certificate(authority, issuer, own, key, faulty == faultyIntermediate && level == depth-1)
		made.Intermediates = append(made.Intermediates, der)
		issuer, key = authority, own
	}
	if chance(0.03) {
		key = p256[4]
	}
	isFaulty := faulty == faultyLeaf || faulty > faultless
	made.Leaf = certificate(template(pick("server.global.nomad", "x", ""), false), issuer, anyKey(3, 0.3), key, isFaulty)
	for _, der := range append(append([][]byte{made.Leaf}, made.Roots...), made.Intermediates...) {
		if der == nil {
			return made, false
		}
	}
	if chance(0.05) {
		made.Roots = nil
	}
	return made, true
}

func anyKey(number int, other float64) crypto.Signer {
	if chance(other) {
		return pick(others...)
	}
	return p256[number]
}

func certificate(template, issuer *x509.Certificate, own, key crypto.Signer, isFaulty bool) []byte {
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, own.Public(), key)
	if err != nil || !isFaulty {
		return der
	}
	return spoil(der, key)
}

func template(name string, isAuthority bool) *x509.Certificate {
	t := &x509.Certificate{
		SerialNumber: big.NewInt(random.Int63()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour),
	}
	if chance(0.05) {
		t.NotAfter = now.Add(time.Duration(pick(-1, 0, 1)) * time.Second)
	}
	if chance(0.03) {
		t.NotBefore = now.Add(time.Duration(pick(-1, 0, 1)) * time.Second)
	}
	if chance(0.1) {
		t.Subject.Organization = []string{"HashiCorp Inc."}
	}
	if isAuthority {
		ofAuthority(t)
	} else {
		ofLeaf(t)
	}
	return t
}

func ofAuthority(t *x509.Certificate) {
	t.BasicConstraintsValid = !chance(0.04)
	if t.IsCA = t.BasicConstraintsValid && !chance(0.04); t.IsCA {
		t.MaxPathLen = pick(-1, -1, -1, 0, 1)
		t.MaxPathLenZero = t.MaxPathLen == 0
	}
	signs := x509.KeyUsageCertSign
	t.KeyUsage = pick(signs|x509.KeyUsageCRLSign, signs|x509.KeyUsageCRLSign, signs, 0, x509.KeyUsageDigitalSignature)
	if chance(0.15) {
		usage := pick(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageAny)
		t.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	}
	if chance(0.3) {
		for range pick(1, 1, 2) {
			constrain(t)
		}
		t.PermittedDNSDomainsCritical = chance(0.5)
	}
}

func constrain(t *x509.Certificate) {
	domain := pick("nomad", ".nomad", "global.nomad", ".global.nomad", "consul", "", "server.global.nomad", "x y", "*.nomad", "GLOBAL.nomad")
	_, network, _ := net.ParseCIDR(pick("127.0.0.0/8", "10.0.0.0/8", "::1/128", "0.0.0.0/0", "fe80::/10"))
	address := pick("a@global.nomad", "global.nomad", ".nomad", "@x", "other")
	switch random.Intn(8) {
	case 0:
		t.PermittedDNSDomains = append(t.PermittedDNSDomains, domain)
	case 1:
		t.ExcludedDNSDomains = append(t.ExcludedDNSDomains, domain)
	case 2:
		t.PermittedIPRanges = append(t.PermittedIPRanges, network)
	case 3:
		t.ExcludedIPRanges = append(t.ExcludedIPRanges, network)
	case 4:
		t.PermittedURIDomains = append(t.PermittedURIDomains, domain)
	case 5:
		t.ExcludedURIDomains = append(t.ExcludedURIDomains, domain)
	case 6:
		t.PermittedEmailAddresses = append(t.PermittedEmailAddresses, address)
	case 7:
		t.ExcludedEmailAddresses = append(t.ExcludedEmailAddresses, address)
	}
}

func ofLeaf(t *x509.Certificate) {
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	both := []x509.ExtKeyUsage{server, client}
	t.KeyUsage = pick(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, x509.KeyUsageDigitalSignature, 0)
	t.ExtKeyUsage = pick(both, both, both[:1], both[1:], nil, []x509.ExtKeyUsage{x509.ExtKeyUsageAny})
	usual := []string{"server.global.nomad", "localhost"}
	t.DNSNames = pick(
		usual, usual, []string{"client.global.nomad"}, []string{"*.global.nomad"}, []string{"Server.Global.Nomad"},
		nil, []string{plainText()}, []string{"server.global.nomad", plainText()})
	if chance(0.5) {
		t.IPAddresses = []net.IP{net.ParseIP(pick("127.0.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1"))}
	}
	if chance(0.2) {
		named, _ := url.Parse(pick("spiffe://global.nomad/x", "http://server.global.nomad:80/", "http://127.0.0.1/", "urn:x", "http://[::1]:5/x"))
		t.URIs = []*url.URL{named}
	}
	if chance(0.2) {
		t.EmailAddresses = []string{pick("a@global.nomad", "b@other", "user@GLOBAL.nomad", "nobody", "\"x y\"@global.nomad", "a@[1.2.3.4]")}
	}
	if chance(0.1) {
		t.OCSPServer, t.IssuingCertificateURL = []string{"http://o"}, []string{"http://i"}
		t.CRLDistributionPoints = []string{"http://c"}
	}
	if chance(0.05) {
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: chance(0.5), Value: []byte{5, 0}}}
	}
}
