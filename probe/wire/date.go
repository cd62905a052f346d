package wire

import (
	"net/http"
	"time"
)

// Date reads the Date of an answer, RFC 9110 section 5.6.7. The form that all
// send is read without the time package, which a sweep would notice.
func Date(text string) (time.Time, bool) {
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	if len(text) == len(form) && text[3] == ',' && text[4] == ' ' && text[7] == ' ' && text[11] == ' ' && text[16] == ' ' &&
		text[19] == ':' && text[22] == ':' && text[25:] == " GMT" {
		year, month := two(text, 12)*100+two(text, 14), place(text[8:11], "JanFebMarAprMayJunJulAugSepOctNovDec")
		day, hour, minute, second := two(text, 5), two(text, 17), two(text, 20), two(text, 23)
		// The 29th and later depend on the month: left to who knows.
		if place(text[:3], "SunMonTueWedThuFriSat") > 0 && year > 0 && month > 0 && day > 0 && day < 29 && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60 {
			return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
		}
	}
	if text == "" {
		return time.Time{}, false
	}
	t, err := http.ParseTime(text)
	return t, err == nil
}

// two reads two digits; where they are none the number is far below zero.
func two(s string, at int) int {
	a, b := s[at]-'0', s[at+1]-'0'
	if a > 9 || b > 9 {
		return -1 << 20
	}
	return int(a)*10 + int(b)
}

// place is that of a name among names of three letters, from 1; 0 if it is none
// of them.
func place(name, names string) int {
	for i := 0; i < len(names); i += 3 {
		if names[i:i+3] == name {
			return i/3 + 1
		}
	}
	return 0
}
