package seed

// What the tests count.
var (
	NamedBirthNotices = namedBirths
	NamedDeathNotices = namedDeaths
	NamedAccounts     = namedAccounts
)
