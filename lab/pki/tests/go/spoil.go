package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"slices"
)

// spoil puts a fault or two into what is signed, and signs it again.
func spoil(der []byte, key crypto.Signer) []byte {
	var parts struct{ Signed, Algorithm, Signature asn1.RawValue }
	if _, err := asn1.Unmarshal(der, &parts); err != nil {
		return nil
	}
	signed := withFault(parts.Signed.FullBytes)
	signature := sign(signed, key)
	bits, _ := asn1.Marshal(asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)})
	whole := element{tag: 0x30, content: slices.Concat(signed, parts.Algorithm.FullBytes, bits)}
	if chance(0.1) {
		return withFault(whole.encode())
	}
	return whole.encode()
}

// sign signs with the hash that CreateCertificate takes for such a key.
func sign(message []byte, key crypto.Signer) []byte {
	hash := crypto.SHA256
	switch key := key.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, message)
	case *ecdsa.PrivateKey:
		switch key.Curve {
		case elliptic.P384():
			hash = crypto.SHA384
		case elliptic.P521():
			hash = crypto.SHA512
		}
	}
	digest := hash.New()
	digest.Write(message)
	signature, _ := key.Sign(rand.Reader, digest.Sum(nil), hash)
	return signature
}

// An element of DER: elements in it, or bytes.
type element struct {
	tag      byte
	isParent bool
	children []*element
	// What stands before the children: the count of unused bits.
	before  []byte
	content []byte
	length  lengthForm
}

type lengthForm int

const (
	shortest lengthForm = iota
	notShortest
	wrong
	indefinite
)

func read(der []byte) ([]*element, bool) {
	var list []*element
	for len(der) > 0 {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil {
			return nil, false
		}
		one := &element{tag: der[0], content: slices.Clone(raw.Bytes)}
		switch inside := one.content; {
		case raw.IsCompound:
			one.children, one.isParent = read(inside)
		case one.tag == 3 && len(inside) > 40 && inside[0] == 0:
			one.before = inside[:1]
			one.children, one.isParent = read(inside[1:])
		case one.tag == 4 && len(inside) > 1:
			one.children, one.isParent = read(inside)
		}
		list, der = append(list, one), rest
	}
	return list, true
}

func (e *element) encode() []byte {
	content := e.content
	if e.isParent {
		content = slices.Clone(e.before)
		for _, child := range e.children {
			content = append(content, child.encode()...)
		}
	}
	length := len(content)
	head := []byte{e.tag}
	switch {
	case e.length == notShortest, length > 255:
		head = append(head, 0x82, byte(length>>8), byte(length))
	case e.length == wrong:
		head = append(head, byte(length+1))
	case e.length == indefinite:
		head = append(head, 0x80)
	case length > 127:
		head = append(head, 0x81, byte(length))
	default:
		head = append(head, byte(length))
	}
	return append(head, content...)
}

type place struct {
	one, parent *element
	index       int
}

func places(one, parent *element, index int) []place {
	list := []place{{one, parent, index}}
	for index, child := range one.children {
		list = append(list, places(child, one, index)...)
	}
	return list
}

func withFault(der []byte) []byte {
	list, ok := read(der)
	if !ok || len(list) != 1 {
		return der
	}
	for range pick(1, 1, 1, 2) {
		change(pick(places(list[0], nil, 0)...))
	}
	return list[0].encode()
}

var tags = []byte{1, 2, 3, 4, 5, 6, 12, 18, 19, 20, 22, 23, 24, 28, 30, 0x30, 0x31, 0x80, 0x81, 0x82, 0x84, 0x86, 0x87, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4}

// The extensions that are read, and others.
var extensions = [][]byte{
	{0x55, 0x1d, 0x0e}, {0x55, 0x1d, 0x0f}, {0x55, 0x1d, 0x11}, {0x55, 0x1d, 0x13}, {0x55, 0x1d, 0x1e}, {0x55, 0x1d, 0x1f},
	{0x55, 0x1d, 0x20}, {0x55, 0x1d, 0x21}, {0x55, 0x1d, 0x23}, {0x55, 0x1d, 0x24}, {0x55, 0x1d, 0x25}, {0x55, 0x1d, 0x36},
	{0x2b, 6, 1, 5, 5, 7, 1, 1}, {0x2a, 3, 4}, {0x80, 1},
}

var texts = []string{
	"server.global.nomad", "*.global.nomad", "*", "a b", "", ".global.nomad", "global.nomad.", "xn--a", "-x.nomad",
	"x_y.nomad", "1.2.3.4", "user@global.nomad", "@", "a@b@c", "http://x.nomad/p", "http://[::1", "http://1.2.3.4", "%zz",
	"SERVER.GLOBAL.NOMAD", "server..nomad", "\x00", "*.*.nomad", "se*ver.global.nomad", "\"q\"@global.nomad", "localhost",
	"260601120000Z", "20260601120000Z", "2606011200Z", "260601120000+0000", "20500101000000Z", "19000101000000Z",
	"491231235959Z", "500101000000Z",
}

func plainText() string { return pick(texts...) }

// change makes one fault at a place.
func change(at place) {
	one, parent := at.one, at.parent
	any := func() byte { return byte(random.Intn(256)) }
	switch kind := random.Intn(13); {
	case kind == 0:
		one.tag = pick(tags...)
	case kind == 1 && parent != nil:
		parent.children = slices.Delete(slices.Clone(parent.children), at.index, at.index+1)
	case kind == 2 && parent != nil:
		parent.children = slices.Insert(slices.Clone(parent.children), at.index, one)
	case kind == 3 && parent != nil:
		other := random.Intn(len(parent.children))
		parent.children[at.index], parent.children[other] = parent.children[other], one
	case kind == 4 && !one.isParent && len(one.content) > 0:
		one.content[random.Intn(len(one.content))] = any()
	case kind == 5 && one.isParent:
		one.children = append(one.children, &element{tag: pick[byte](1, 2, 4, 5, 12, 0x30, 0x82), content: []byte{any()}})
	case kind == 5:
		one.content = append(one.content, any())
	case kind == 6 && !one.isParent && len(one.content) > 0:
		one.content = one.content[:random.Intn(len(one.content))]
	case kind == 7:
		one.length = pick(notShortest, wrong, indefinite)
	case kind == 8 && !one.isParent:
		one.content = []byte(pick(append(texts, "\xff\xfe", "é.nomad")...))
	case kind == 9:
		*one = element{tag: one.tag}
	case kind == 10 && !one.isParent:
		one.content = append([]byte{pick[byte](0, 0xff, 0x80)}, one.content...)
	case kind == 11 && one.tag == 6:
		one.content = pick(extensions...)
	case kind == 12 && one.tag == 0x30 && len(one.children) > 1 && one.children[0].tag == 6:
		makeCritical(one)
	}
}

func makeCritical(extension *element) {
	if extension.children[1].tag == 1 {
		extension.children[1] = &element{tag: 1, content: []byte{pick[byte](0, 1, 0xff)}}
		return
	}
	extension.children = slices.Insert(slices.Clone(extension.children), 1, &element{tag: 1, content: []byte{0xff}})
}
