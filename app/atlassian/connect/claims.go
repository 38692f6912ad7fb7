package connect

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims are those of Atlassian's tokens that mean anything here. Each has one type and no other is taken for it: a time is a
// number, not a string of digits.
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   seconds  `json:"exp"`
	NotBefore seconds  `json:"nbf"`
	Issued    seconds  `json:"iat"`
	QSH       string   `json:"qsh"`
}

// The methods of jwt.Claims, by which the parser checks the times.
func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.Expires.date(), nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return c.Issued.date(), nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.NotBefore.date(), nil }
func (c *claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c *claims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return jwt.ClaimStrings(c.Audience), nil }

// audience is one string, or a list of strings.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// seconds are seconds since 1970; 0 means absent.
type seconds int64

var errTime = errors.New("a time that is no number of seconds in this era")

func (s *seconds) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if f < 1 || f > 1<<40 {
		return errTime
	}
	*s = seconds(f)
	return nil
}

func (s seconds) date() *jwt.NumericDate {
	if s == 0 {
		return nil
	}
	return &jwt.NumericDate{Time: s.time()}
}

func (s seconds) time() time.Time { return time.Unix(int64(s), 0) }
