package s3api

import "strings"

// currentRegions and currentClasses name every location constraint of today, region-class; oldRegions and oldClasses those
// of 2018, which programs of that time still send.
const (
	currentRegions = " us us-east us-south eu eu-gb eu-de eu-es ap jp-tok jp-osa au-syd ca-tor br-sao ams03 che01 mon01 par01 sjc04 sng01 "
	currentClasses = " standard vault cold smart onerate_active "
	oldRegions     = " us us-east us-south eu eu-gb eu-de ap ams03 che01 mel01 osl01 tor01 "
	oldClasses     = " standard vault cold flex "
)

// checkLocation checks a location constraint.
func checkLocation(constraint string) error {
	i := strings.LastIndexByte(constraint, '-')
	if i > 0 {
		region, class := constraint[:i], constraint[i+1:]
		if word(currentRegions, region) && word(currentClasses, class) || word(oldRegions, region) && word(oldClasses, class) {
			return nil
		}
	}
	return newError(codeInvalidLocation)
}

// word reports whether list, words between single spaces, holds s.
func word(list, s string) bool {
	return s != "" && !strings.Contains(s, " ") && strings.Contains(list, " "+s+" ")
}
