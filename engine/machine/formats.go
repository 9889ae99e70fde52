package machine

import (
	"errors"
	"maps"
	"regexp"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"lienthong/engine/calendar"
)

// english prints the schema library's own words, for findings.
var english = message.NewPrinter(language.English)

var (
	personalID  = regexp.MustCompile(`^[0-9]{12}$`)
	communeCode = regexp.MustCompile(`^[0-9]{5}$`)
	errFormat   = errors.New("not in the format")
)

// formats are the ones that forms use beside the standard ones.
var formats = []*jsonschema.Format{
	// 3 digits of the place of registration, 1 of century and sex, 2 of the year,
	// 6 random; there is no check digit, so only the shape is checked.
	{Name: "personal_id", Validate: matching(personalID)},
	{Name: "commune_code", Validate: matching(communeCode)},
	{Name: "date", Validate: func(v any) error {
		if s, ok := v.(string); ok && !calendar.Date(s).Valid() {
			return errFormat
		}
		return nil
	}},
}

// formatNames are the formats that are asserted; any other is refused, since it
// would check nothing.
var formatNames = map[string]bool{
	"personal_id": true, "commune_code": true, "date": true, "date-time": true, "time": true,
	"duration": true, "email": true, "uri": true, "uuid": true, "regex": true, "json-pointer": true,
}

func matching(re *regexp.Regexp) func(any) error {
	return func(v any) error {
		if s, ok := v.(string); ok && !re.MatchString(s) {
			return errFormat
		}
		return nil
	}
}

// keysOf returns the keys of a map, sorted.
func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
