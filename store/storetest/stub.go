package storetest

import "testing"

func testHistory(t *testing.T, x Target)  {}
func testOutbox(t *testing.T, x Target)   {}
func testTimers(t *testing.T, x Target)   {}
func testLists(t *testing.T, x Target)    {}
func testSearch(t *testing.T, x Target)   {}
func testDesk(t *testing.T, x Target)     {}
func testCodes(t *testing.T, x Target)    {}
func testEncoding(t *testing.T, x Target) {}
func testChain(t *testing.T, x Target)    {}
func testErasure(t *testing.T, x Target)  {}
func testReopen(t *testing.T, x Target)   {}
func testClose(t *testing.T, x Target)    {}
