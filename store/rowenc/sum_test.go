package rowenc

import (
	"reflect"
	"testing"

	"lienthong/engine"
)

// Every column of a delivery and of an answer is in the checksum, what its entry says
// in the lower half and what happened since in the upper.
func TestSumsHoldEveryColumn(t *testing.T) {
	entry := map[string]bool{"Case": true, "Seq": true, "N": true, "Step": true, "Registry": true, "Operation": true, "At": true, "Unordered": true}
	row := DeliveryRow{Case: "A", Seq: 1, Step: "ab", Registry: "c", Status: "pending", Reply: nil}
	for i := range reflect.TypeFor[DeliveryRow]().NumField() {
		name := reflect.TypeFor[DeliveryRow]().Field(i).Name
		if name == "Kept" {
			continue
		}
		x := row
		change(reflect.ValueOf(&x).Elem().Field(i))
		low, high := uint32(x.Sum()) != uint32(row.Sum()), x.State() != row.State()
		if low != entry[name] || high == entry[name] || x.Sum()>>32 != x.State()>>32 {
			t.Errorf("%s: the lower half changes: %t, the upper: %t", name, low, high)
		}
	}
	moved := row
	moved.Step, moved.Registry = "a", "bc"
	if moved.Sum() == row.Sum() {
		t.Error("a letter may pass from one column to the next")
	}
	a := engine.Answer{Actor: "x", Key: "y"}
	for i := range reflect.TypeFor[engine.Answer]().NumField() {
		x := a
		if f := reflect.ValueOf(&x).Elem().Field(i); f.Kind() == reflect.Struct {
			x.At = x.At.AddDate(2000, 0, 0)
		} else {
			change(f)
		}
		if SumOfAnswer(&x) == SumOfAnswer(&a) {
			t.Errorf("%s of an answer is in no sum", reflect.TypeFor[engine.Answer]().Field(i).Name)
		}
	}
}

// change makes a value another one.
func change(f reflect.Value) {
	switch f.Kind() {
	case reflect.String:
		f.SetString(f.String() + "x")
	case reflect.Int, reflect.Int64:
		f.SetInt(f.Int() + 1)
	case reflect.Bool:
		f.SetBool(!f.Bool())
	default:
		f.SetBytes([]byte{}) // nothing is not the same as an empty value
	}
}
