package typeset

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestJoinArabic(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no Arabic", "plain", "plain"},
		{"one letter", "ب", "\ufe8f"},
		{"initial, medial, final", "ببب", "\ufe91\ufe92\ufe90"},
		{"a letter that joins to the right only", "دب", "\ufea9\ufe8f"},
		{"behind one that joins to the right only", "باب", "\ufe91\ufe8e\ufe8f"},
		{"lam and alef", "لا", "\ufefb"},
		{"lam and alef behind a letter", "بلا", "\ufe91\ufefc"},
		{"a vowel sign between", "بَب", "\ufe91\u064e\ufe90"},
		{"a space parts", "ب ب", "\ufe8f \ufe8f"},
		{"Persian", "پچ", "\ufb58\ufb7b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, joinArabic(tt.text)); diff != "" {
				t.Errorf("joinArabic(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestVisual(t *testing.T) {
	tests := []struct {
		name, text string
		want       []run
	}{
		{"left to right", "Login", []run{{Sans, "Login"}}},
		{"Hebrew", "שלום", []run{{Sans, "םולש"}}},
		{"two faces", "API 攻撃", []run{{Sans, "API "}, {East, "攻撃"}}},
		{"Hebrew in English", "see שלום now", []run{{Sans, "see םולש now"}}},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, visual(tt.text), cmp.AllowUnexported(run{})); diff != "" {
				t.Errorf("visual(%q) (-want +got):\n%s", tt.text, diff)
			}
		})
	}
}

func TestDrawable(t *testing.T) {
	tests := []struct {
		name, text, want string
		lost             bool
	}{
		{"many scripts", "Ä Ω Ж א ب 漢 한 か", "Ä Ω Ж א ب 漢 한 か", false},
		{"a script without a font", "x स्वागत y", "x ‹Devanagari› y", true},
		{"a symbol", "fire 🔥!", "fire ‹symbol›!", true},
		{"what turns the direction of text", "a\u202eb\u200b", "ab", false},
		{"control characters", "a\x00b\nc", "ab c", false},
		{"not UTF-8", "a\xffb", "a\ufffdb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, lost := drawable(tt.text)
			if got != tt.want || lost != tt.lost {
				t.Errorf("drawable(%q) = %q, %v; want %q, %v", tt.text, got, lost, tt.want, tt.lost)
			}
		})
	}
}

func TestLines(t *testing.T) {
	p := New("test", time.Unix(0, 0))
	p.Font(8, false, Color{})
	long := strings.Repeat("x", 10_000)
	tests := []struct {
		name, text string
		most       int
		want       int
	}{
		{"short", "a b", 0, 1},
		{"nothing", "", 0, 1},
		{"a word that is longer than the line", strings.Repeat("x", 60), 0, 3},
		{"a quote of 10,000 characters, cut", long, 3, 3},
		{"no spaces between words", strings.Repeat("漢字", 30), 0, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.lines(tt.text, 36, tt.most)
			if len(got) != tt.want {
				t.Errorf("%d lines, want %d: %q", len(got), tt.want, got)
			}
			for _, l := range got {
				if _, w := p.runs(l); w > 36 {
					t.Errorf("%q is %.1f mm wide", l, w)
				}
			}
			if tt.most == 0 && strings.Join(got, "") != strings.ReplaceAll(tt.text, " ", "") && tt.text != "a b" {
				t.Errorf("letters were lost: %q", got)
			}
		})
	}
}

func TestSameBytes(t *testing.T) {
	write := func() []byte {
		p := New("Evidence", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
		p.Font(9, true, Color{1, 2, 3})
		p.Paragraph("Übersicht, مهاجم, 攻撃 and स्वागत")
		p.Table([]Col{{Head: "A", Width: 20}, {Head: "B", Width: 20, Right: true}}, [][]string{{"x", "1"}, {"y", "2"}})
		if !p.Lost() {
			t.Error("that a script has no font was not noticed")
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if !bytes.Equal(write(), write()) {
		t.Error("the same text gave other bytes")
	}
}

func FuzzSet(f *testing.F) {
	for _, s := range []string{"", "plain", "مهاجم يخمن", "שלום (abc) 12", "\u202e\u0640لا", "漢\x00字", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, _ := drawable(text)
		for _, r := range visual(clean) {
			for _, c := range r.text {
				if face, ok := faceOf(c); !ok && c != '\ufffd' {
					t.Errorf("%q of %q has no font (%s)", c, text, face)
				}
			}
		}
	})
}
