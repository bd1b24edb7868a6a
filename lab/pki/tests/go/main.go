// Makes chains of certificates with random faults, and writes what Go's crypto/x509 says of each: a line of JSON for
// every text that no line before it has. The faults follow from the seed; keys and signatures do not.
//
//	go run . COUNT SEED >../data/go-verdicts.jsonl
package main

import (
	"crypto/x509"
	"encoding/json"
	"math/rand"
	"os"
	"regexp"
	"strconv"
	"time"
)

// A Case is a chain in DER and the question asked about it, with the answer.
type Case struct {
	Roots         [][]byte `json:"roots,omitempty"`
	Intermediates [][]byte `json:"intermediates,omitempty"`
	Leaf          []byte   `json:"leaf"`
	Usage         string   `json:"usage"`
	Name          string   `json:"name"`
	Text          string   `json:"text"`
}

// When the certificates are judged.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

var random *rand.Rand

func main() {
	count, _ := strconv.Atoi(os.Args[1])
	seed, _ := strconv.ParseInt(os.Args[2], 10, 64)
	random = rand.New(rand.NewSource(seed))
	makeKeys()
	known := map[string]bool{}
	out := json.NewEncoder(os.Stdout)
	for range count {
		made, ok := makeCase()
		if !ok {
			continue
		}
		made.Text = judge(made)
		if kind := withoutNames(made.Text); !known[kind] {
			known[kind] = true
			if _, err := x509.ParseCertificate(made.Leaf); err != nil {
				made.Roots, made.Intermediates = nil, nil
			}
			out.Encode(made)
		}
	}
}

func judge(c Case) string {
	leaf, err := x509.ParseCertificate(c.Leaf)
	if err != nil {
		return err.Error()
	}
	usage := x509.ExtKeyUsageServerAuth
	if c.Usage == "client" {
		usage = x509.ExtKeyUsageClientAuth
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: pool(c.Roots), Intermediates: pool(c.Intermediates), CurrentTime: now, DNSName: c.Name,
		KeyUsages: []x509.ExtKeyUsage{usage},
	})
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// Those that do not parse are left out, as from a file of several.
func pool(list [][]byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range list {
		if certificate, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(certificate)
		}
	}
	return pool
}

var names = regexp.MustCompile(`"[^"]*"|\d+|(valid for|match) .*`)

func withoutNames(text string) string { return names.ReplaceAllString(text, "") }

func pick[T any](choices ...T) T { return choices[random.Intn(len(choices))] }

func chance(probability float64) bool { return random.Float64() < probability }
