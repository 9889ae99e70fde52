package main

import "errors"

type importHistoryCommand struct {
	File string `arg:"" help:"File that export wrote." type:"existingfile"`
	DB   string `help:"Database to make; it must not exist." required:"" type:"path"`
}

// Run refuses: there is no export yet whose files it could read.
func (c *importHistoryCommand) Run(*env) error {
	return errors.New("no format of exported histories is known to this version")
}
