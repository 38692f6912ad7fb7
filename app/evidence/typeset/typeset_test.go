package typeset

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline/throughline/app/evidence/typeset/typesettest"
)

// specimens are text in the scripts that people's names are written in. Shaped says that its glyphs are not those of its letters side
// by side.
var specimens = []struct {
	name, text string
	shaped     bool
}{
	{"Latin", "Übergröße, naïve façade, Đặng Thị Hà, Łódź; “quoted” – dash…", false},
	{"Latin with marks of its own", "Ọlá Ẹ̀kọ́", true},
	{"Greek", "Ο επιτιθέμενος μαντεύει κωδικούς", false},
	{"Cyrillic", "Злоумышленник подменяет обновление", false},
	{"Hebrew", "התוקף מנחש סיסמאות", false},
	{"Hebrew with points", "שׁוֹרֶשׁ", true},
	{"Arabic", "مهاجم يخمن كلمات المرور", true},
	{"Persian, Urdu, Uyghur", "پرویز، ڈاکٹر اقبال، ئۇيغۇر", true},
	{"Armenian", "Արմեն Սարգսյան", false},
	{"Georgian", "ნინო ბერიძე ᲜᲘᲜᲝ", false},
	{"Chinese", "攻击者猜测密码（例如）", false},
	{"Japanese", "攻撃者がパスワードを推測する。「かぎ」", false},
	{"Korean", "공격자가 비밀번호를 추측한다", false},
	{"Devanagari", "हमलावर पासवर्ड का अनुमान लगाता है। क्षत्रिय, श्री १२", true},
	{"Bengali", "আক্রমণকারী পাসওয়ার্ড অনুমান করে। শ্রী", true},
	{"Gujarati", "હુમલાખોર પાસવર્ડનો અનુમાન લગાવે છે", true},
	{"Gurmukhi", "ਹਮਲਾਵਰ ਪਾਸਵਰਡ ਦਾ ਅੰਦਾਜ਼ਾ ਲਗਾਉਂਦਾ ਹੈ। ਸ੍ਰੀ", true},
	{"Oriya", "ଆକ୍ରମଣକାରୀ ପାସୱାର୍ଡ ଅନୁମାନ କରେ", true},
	{"Tamil", "தாக்குபவர் கடவுச்சொல்லை யூகிக்கிறார்", true},
	{"Telugu", "దాడిచేసేవారు పాస్\u200cవర్డ్\u200cను ఊహిస్తారు", true},
	{"Kannada", "ದಾಳಿಕೋರರು ಪಾಸ್\u200cವರ್ಡ್ ಊಹಿಸುತ್ತಾರೆ", true},
	{"Malayalam", "ആക്രമണകാരി പാസ്\u200cവേഡ് ഊഹിക്കുന്നു", true},
	{"Sinhala", "ප්\u200dරහාරකයා මුරපදය අනුමාන කරයි. ශ්\u200dරී ලංකා", true},
	{"Thai", "ผู้โจมตีเดารหัสผ่าน น้ำ กตัญญู", true},
	{"Lao", "ຜູ້ໂຈມຕີເດົາລະຫັດຜ່ານ", true},
	{"Khmer", "អ្នកវាយប្រហារទាយពាក្យសម្ងាត់", true},
	{"Myanmar", "တိုက်ခိုက်သူသည် စကားဝှက်ကို ခန့်မှန်းသည်", true},
	{"Tibetan", "རྒོལ་མཁན་གྱིས་གསང་གྲངས་ཚོད་དཔག་བྱེད།", true},
	{"Ethiopic", "አጥቂው የይለፍ ቃሉን ይገምታል። አበበ በቂላ", false},
	{"Cherokee", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", false},
	{"Thaana", "ދިވެހި ބަސް", true},
	{"Syriac", "ܠܫܢܐ ܣܘܪܝܝܐ", true},
	{"N'Ko", "ߒߞߏ ߞߊ߲", true},
	{"Adlam, beyond the basic plane", "𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪", true},
	{"Javanese", "ꦲꦏ꧀ꦱꦫꦗꦮ", true},
	{"Tifinagh", "ⵜⴰⵎⴰⵣⵉⵖⵜ", false},
	{"Inuktitut", "ᐃᓄᒃᑎᑐᑦ", false},
	{"emoji", "🔥 login 👍🏽 👩🏽\u200d💻 👨\u200d👩\u200d👧 🇩🇪", true},
	{"signs", "→ ≤ € ₹ ™ ½ ⚠️ ✔ ■", false},
}

// TestEveryScript: each is set from left to right by glyphs that its fonts have, with nothing lost.
func TestEveryScript(t *testing.T) {
	for _, tt := range specimens {
		t.Run(tt.name, func(t *testing.T) {
			f := newFonts()
			text, lost := f.drawable(tt.text)
			if lost {
				t.Fatalf("a font lacks something: %q", text)
			}
			shaped := false
			for _, l := range f.set(text, math.Inf(1), 0) {
				for _, run := range l.runs {
					for _, g := range run.Glyphs {
						if g.GlyphID == 0 {
							t.Errorf("no glyph for %q in %s", l.text[g.TextIndex()], f.shaped[run.Face].name)
						}
					}
					if _, plain := plainText(f.shaped[run.Face], run, l.text); !plain {
						shaped = true
					}
				}
			}
			if shaped != tt.shaped {
				t.Errorf("shaped: %v, want %v", shaped, tt.shaped)
			}
		})
	}
}

// TestShapes looks at what a shaper must do with some words, by the number of glyphs that are drawn.
func TestShapes(t *testing.T) {
	tests := []struct {
		name, text string
		glyphs     int
	}{
		{"two letters become one", "क्ष", 1},
		{"a vowel stands on both sides of its letter", "கொ", 3},
		{"a joiner asks for one form", "ශ්\u200dරී", 2},
		{"lam and alef", "لا", 1},
		{"a person at a computer", "👩🏽\u200d💻", 1},
		{"a flag", "🇩🇪", 1},
		{"letters of an alphabet stay apart", "fi", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFonts()
			text, _ := f.drawable(tt.text)
			got := 0
			for _, run := range f.set(text, math.Inf(1), 0)[0].runs {
				for _, g := range run.Glyphs {
					if shape, ok := f.shaped[run.Face].GlyphDataOutline(g.GlyphID); ok && len(shape.Segments) > 0 {
						got++
					}
				}
			}
			if got != tt.glyphs {
				t.Errorf("%d glyphs, want %d", got, tt.glyphs)
			}
		})
	}
}

// TestEveryFontIsReached: a file whose name is no script's would lie there for nothing.
func TestEveryFontIsReached(t *testing.T) {
	f := newFonts()
	reached := map[string]bool{}
	names := []string{sans, bold, east, korea, emoji}
	for script := range unicode.Scripts {
		names = append(names, strings.ReplaceAll(script, "_", ""))
	}
	for _, name := range names {
		if got := f.get(name); got != nil {
			reached[string(got.data[:min(len(got.data), 4096)])] = true
		}
	}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".ttf") {
			return err
		}
		data, err := files.ReadFile(path)
		if !reached[string(data[:min(len(data), 4096)])] {
			t.Errorf("%s: no character asks for it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if len(reached) < 50 {
		t.Errorf("%d fonts", len(reached))
	}
}

// TestOrder: parts of a line stand as Unicode's bidirectional algorithm has them.
func TestOrder(t *testing.T) {
	tests := []struct {
		name, text string
		want       string // from left to right
		rtl        bool
	}{
		{"left to right", "Login now", "Login now", false},
		{"Hebrew", "שלום", "םולש", true},
		{"Hebrew in English", "see שלום now", "see םולש now", false},
		{"a number in Hebrew", "שלום 12 עולם", "םלוע 12 םולש", true},
		{"a number in Hebrew in English", "see שלום 12 עולם now", "see םלוע 12 םולש now", false},
		{"a number behind Hebrew, then English", "and שלום 13% more", "and 13% םולש more", false},
		{"English in Hebrew", "עולם abc def שלום", "םולש abc def םלוע", true},
		{"a date", "עד 2026-12-31", "2026-12-31 דע", true},
		{"nothing", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFonts()
			l := f.set(tt.text, math.Inf(1), 0)[0]
			var got []rune
			for _, run := range l.runs {
				for _, g := range run.Glyphs {
					got = append(got, l.text[g.TextIndex()])
				}
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" || l.rtl != tt.rtl {
				t.Errorf("from right to left: %v; text (-want +got):\n%s", l.rtl, diff)
			}
		})
	}
}

func TestDrawable(t *testing.T) {
	tests := []struct {
		name, text, want string
		lost             bool
	}{
		{"many scripts", "Ä Ω Ж א ب 漢 한 か स्वागत", "Ä Ω Ж א ب 漢 한 か स्वागत", false},
		{"a script without a font", "x 𓀀𓁐 y", "x ‹Egyptian Hieroglyphs› y", true},
		{"words of a script without a font", "𓀀 𓀀, 𓀀 x 𓀀 𒀀", "‹Egyptian Hieroglyphs›, ‹Egyptian Hieroglyphs› x ‹Egyptian Hieroglyphs› ‹Cuneiform›", true},
		{"a symbol without a font", "a 𝐀!", "a ‹symbol›!", true},
		{"what turns the direction of text", "a\u202eb\u2066c", "abc", false},
		{"characters of no width", "pay\u200bpal\u200d\ufeff", "paypal", false},
		{"a joiner where it means something", "ක්\u200dෂ", "ක්\u200dෂ", false},
		{"a mark on nothing", "a \u0312b", "a ◌\u0312b", false},
		{"control characters", "a\x00b\nc\x1b[31m", "ab c[31m", false},
		{"white space", " a \t b\u2028c\u00a0 ", "a b c", false},
		{"not UTF-8", "a\xffb", "a\ufffdb", false},
		{"half of a surrogate pair", "a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, lost := newFonts().drawable(tt.text)
			if got != tt.want || lost != tt.lost {
				t.Errorf("drawable(%q) = %q, %v; want %q, %v", tt.text, got, lost, tt.want, tt.lost)
			}
		})
	}
}

func TestLines(t *testing.T) {
	p := New("test", time.Unix(0, 0))
	p.Font(8, false, Color{})
	tests := []struct {
		name, text string
		most       int
		want       int
		cut        bool
	}{
		{"short", "a b", 0, 1, false},
		{"nothing", "", 0, 1, false},
		{"a word that is longer than the line", strings.Repeat("x", 60), 0, 3, false},
		{"a quote of 10,000 characters, cut", strings.Repeat("x", 10_000), 3, 3, true},
		{"one that fits exactly as many lines", "one two", 1, 1, false},
		{"words, cut", strings.Repeat("word ", 40), 2, 2, true},
		{"no spaces between words", strings.Repeat("漢字", 30), 0, 5, false},
		{"letters that belong together", strings.Repeat("क्षि", 40), 0, 4, false},
		{"from right to left, cut", strings.Repeat("שלום ", 40), 2, 2, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := p.lines(tt.text, 36, tt.most)
			if len(got) != tt.want {
				t.Errorf("%d lines, want %d", len(got), tt.want)
			}
			seen := map[int]bool{}
			cut := false
			for _, l := range got {
				if w := p.width(l); w > 36 {
					t.Errorf("a line is %.1f mm wide", w)
				}
				for _, run := range l.runs {
					for _, g := range run.Glyphs {
						for i := range g.RunesCount() {
							seen[g.TextIndex()+i] = true
						}
						cut = cut || l.text[g.TextIndex()] == '…'
					}
				}
			}
			if cut != tt.cut {
				t.Errorf("an ellipsis: %v, want %v", cut, tt.cut)
			}
			if all := len([]rune(tt.text)); !cut && len(seen) != all {
				t.Errorf("%d of %d characters are set", len(seen), all)
			}
		})
	}
}

// specimenPDF has all specimens, in a table and in paragraphs.
func specimenPDF(t testing.TB) []byte {
	t.Helper()
	p := New("Specimens, 見本, नमूना", time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC))
	p.Outline("Specimens")
	rows := [][]string{{"None", "𓀀"}}
	for _, s := range specimens {
		rows = append(rows, []string{s.name, s.text})
	}
	p.Table([]Col{{Head: "Script", Width: 40}, {Head: "Text", Width: Width - 40, Lines: 2}}, rows)
	if !p.Lost() {
		t.Error("that a script has no font was not noticed")
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSameBytes(t *testing.T) {
	if !bytes.Equal(specimenPDF(t), specimenPDF(t)) {
		t.Error("the same text gave other bytes")
	}
}

// TestSearchable: text that is drawn as shapes can be searched and copied all the same.
func TestSearchable(t *testing.T) {
	content := typesettest.Content(t, specimenPDF(t))
	tests := []struct{ name, want string }{
		{"text", string(units("Злоумышленник подменяет обновление"))},
		{"Devanagari beneath its shapes", string(units("हमलावर पासवर्ड"))},
		{"Arabic, as it is seen", string(units("رورملا تاملك"))},
		{"beyond the basic plane", "/ActualText <FEFFD83DDD25"},
		{"page numbers", string(units("Page 1 of 1"))},
		{"the title in the foot", string(units("見本"))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !bytes.Contains(content, []byte(tt.want)) {
				t.Errorf("%q is in no page", tt.want)
			}
		})
	}
}

// units is text as a PDF's pages have it, as long as none of its bytes is a bracket or a backslash.
func units(text string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = binary.BigEndian.AppendUint16(out, u)
	}
	return out
}

func BenchmarkSpecimens(b *testing.B) {
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(specimenPDF(b))
	}
	b.ReportMetric(float64(size), "bytes")
}

// FuzzSet: whatever the text, none of it is lost, and no line is wider than asked, in columns from the narrowest that there is.
func FuzzSet(f *testing.F) {
	for _, s := range specimens {
		f.Add(s.text, 40.0, 2)
	}
	for _, s := range []string{"", "plain", "שלום (abc) 12", "\u202e\u0640لا", "漢\x00字", "\xff\xfe", "1\u0661-\u05d0 2,3%", "\u0e33\u0e33", "\u1039\u200d\u200c", "0#%\x95র ্", strings.Repeat("0", 30) + " \u0312"} {
		f.Add(s, 12.0, 2)
	}
	fonts := newFonts()
	f.Fuzz(func(t *testing.T, text string, width float64, most int) {
		if len(text) > 2000 || width < 12 || width > 1000 || most < 0 || most > 5 {
			return
		}
		clean, _ := fonts.drawable(text)
		if again, lost := fonts.drawable(clean); again != clean || lost {
			t.Errorf("%q is cleaned to %q and then to %q", text, clean, again)
		}
		unit := 8 / 2.8346 / em
		lines := fonts.set(clean, width/unit, most)
		if len(lines) == 0 || most > 0 && len(lines) > most {
			t.Fatalf("%d lines of at most %d", len(lines), most)
		}
		set := 0
		for _, l := range lines {
			for _, run := range l.runs {
				set += run.Runes.Count
			}
			if l.width*unit > width+3*em*unit { // letters that belong together are not parted, and may stick out
				t.Errorf("a line is %.1f mm wide, of %.1f", l.width*unit, width)
			}
		}
		if n := len([]rune(clean)); most == 0 && set != n {
			t.Errorf("%d of %d characters of %q are set", set, n, clean)
		}
	})
}

func TestSpacesBehindEmoji(t *testing.T) {
	f := newFonts()
	width := func(text string) float64 { return f.set(text, math.Inf(1), 0)[0].width }
	if got, want := width("🔥 🔥")-2*width("🔥"), width("a a")-2*width("a"); math.Abs(got-want) > 1 {
		t.Errorf("a space behind an emoji is %.0f wide, in text %.0f", got, want)
	}
}
