package main

// importCommand brings in what other systems wrote; each kind has its sub-command
// and its file.
type importCommand struct {
	Digit   importDigitCommand   `cmd:"" help:"Turn business services of eGov DIGIT (JSON) into procedures, with findings."`
	History importHistoryCommand `cmd:"" help:"Bring the cases of an exported file into a fresh database."`
}
