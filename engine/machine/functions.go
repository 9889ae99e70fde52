package machine

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"lienthong/engine/calendar"
)

// Names of what the macro param(name, date) becomes: one function per type of
// value, each also handed the variable now.
const (
	paramInt    = "param_int"
	paramDouble = "param_double"
	paramString = "param_string"
	paramBool   = "param_bool"
	paramAny    = "param_any"
)

// unknownParam begins the macro's refusal.
const unknownParam = "unknown parameter "

// params is what expressions ask of the parameters.
type params interface {
	Parameter(name string, date, now time.Time) (any, error)
	kindOf(name string) (string, bool) // one of param…; "" is a name that is computed
}

// library declares the functions of docs/definitions.md.
func library(p params) []cel.EnvOption {
	opts := []cel.EnvOption{cel.Macros(cel.GlobalMacro("param", 2, expandParam(p)))}
	for name, t := range map[string]*cel.Type{paramInt: cel.IntType, paramDouble: cel.DoubleType,
		paramString: cel.StringType, paramBool: cel.BoolType, paramAny: cel.DynType} {
		opts = append(opts, dated(name, []*cel.Type{cel.StringType}, []*cel.Type{cel.TimestampType}, t, readParam(p, t)))
	}
	return append(append(opts, numberFunctions()...), dateFunctions()...)
}

func expandParam(p params) cel.MacroFactory {
	return func(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		name := ""
		if args[0].Kind() == ast.LiteralKind {
			var ok bool
			if name, ok = args[0].AsLiteral().Value().(string); !ok {
				return nil, f.NewError(args[0].ID(), "the first argument of param is the parameter's name")
			}
		}
		fn, ok := p.kindOf(name)
		if !ok {
			return nil, f.NewError(args[0].ID(), unknownParam+name)
		}
		return f.NewCall(fn, args[0], args[1], f.NewIdent("now")), nil
	}
}

func readParam(p params, t *cel.Type) func(args ...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		name, ok := args[0].(types.String)
		now, ok2 := args[2].Value().(time.Time)
		if !ok || !ok2 {
			return types.NewErr("param: wrong arguments")
		}
		d, err := dateArg(args[1])
		if err != nil {
			return types.WrapErr(err)
		}
		v, err := p.Parameter(string(name), midnight(d), now)
		if err != nil {
			return types.WrapErr(err)
		}
		return types.DefaultTypeAdapter.NativeToValue(coerce(v, t))
	}
}

// dated declares a function with a date among its arguments, given as an instant
// or as text: fixed arguments, the date, more arguments.
func dated(name string, before, after []*cel.Type, result *cel.Type, fn func(...ref.Val) ref.Val) cel.EnvOption {
	var overloads []cel.FunctionOpt
	for _, d := range []*cel.Type{cel.TimestampType, cel.StringType} {
		args := append(append(append([]*cel.Type{}, before...), d), after...)
		overloads = append(overloads, cel.Overload(name+"_"+d.String(), args, result, cel.FunctionBinding(fn)))
	}
	return cel.Function(name, overloads...)
}

// dateArg is the Vietnamese day of an instant, or a written date.
func dateArg(v ref.Val) (calendar.Date, error) {
	switch x := v.Value().(type) {
	case time.Time:
		return calendar.DateOf(x), nil
	case string:
		if d := calendar.Date(x); d.Valid() {
			return d, nil
		}
		if t, err := time.Parse(time.RFC3339, x); err == nil {
			return calendar.DateOf(t), nil
		}
		return "", fmt.Errorf("%q is not a date", clip(x))
	}
	return "", fmt.Errorf("a %s is not a date", v.Type().TypeName())
}

func onDate(fn func(calendar.Date) ref.Val) func(...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		d, err := dateArg(args[0])
		if err != nil {
			return types.WrapErr(err)
		}
		return fn(d)
	}
}

func dateFunctions() []cel.EnvOption {
	between := func(name string, per int) cel.EnvOption {
		var overloads []cel.FunctionOpt
		for _, a := range []*cel.Type{cel.TimestampType, cel.StringType} {
			for _, b := range []*cel.Type{cel.TimestampType, cel.StringType} {
				overloads = append(overloads, cel.Overload(name+"_"+a.String()+"_"+b.String(), []*cel.Type{a, b}, cel.IntType,
					cel.BinaryBinding(func(x, y ref.Val) ref.Val {
						from, err := dateArg(x)
						if err != nil {
							return types.WrapErr(err)
						}
						to, err := dateArg(y)
						if err != nil {
							return types.WrapErr(err)
						}
						return types.Int(months(from, to) / per)
					})))
			}
		}
		return cel.Function(name, overloads...)
	}
	return []cel.EnvOption{
		dated("date", nil, nil, cel.StringType, onDate(func(d calendar.Date) ref.Val { return types.String(d) })),
		dated("month_start", nil, nil, cel.StringType, onDate(func(d calendar.Date) ref.Val { return types.String(d[:8] + "01") })),
		dated("day_after_months", nil, []*cel.Type{cel.IntType}, cel.StringType, func(args ...ref.Val) ref.Val {
			d, err := dateArg(args[0])
			n, ok := args[1].(types.Int)
			if err != nil || !ok || n < -12000 || n > 12000 {
				return types.NewErr("day_after_months: want a date and a number of months")
			}
			return types.String(addMonths(d, int(n)))
		}),
		between("months_between", 1),
		between("years_between", 12),
	}
}

// months counts whole months from a to b; negative when b is earlier. A month is
// whole on the same day of the month, or on the last one when there is none.
func months(a, b calendar.Date) int {
	if b < a {
		return -months(b, a)
	}
	at, bt := a.At(0, 0), b.At(0, 0)
	n := (bt.Year()-at.Year())*12 + int(bt.Month()) - int(at.Month())
	if addMonths(a, n) > b {
		n--
	}
	return n
}

// addMonths is the same day n months later, or that month's last day.
func addMonths(d calendar.Date, n int) calendar.Date {
	t := d.At(0, 0)
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, calendar.Zone)
	last := first.AddDate(0, 1, -1).Day()
	return calendar.DateOf(first.AddDate(0, 0, min(t.Day(), last)-1))
}

func numberFunctions() []cel.EnvOption {
	choose := func(name string, want types.Int) cel.EnvOption {
		var overloads []cel.FunctionOpt
		for _, t := range []*cel.Type{cel.IntType, cel.DoubleType, cel.StringType, cel.TimestampType} {
			overloads = append(overloads, cel.Overload(name+"_"+t.String(), []*cel.Type{t, t}, t,
				cel.BinaryBinding(func(a, b ref.Val) ref.Val {
					c, ok := a.(traits.Comparer)
					if !ok {
						return types.MaybeNoSuchOverloadErr(a)
					}
					if order := c.Compare(b); order == want || types.IsError(order) {
						if types.IsError(order) {
							return order
						}
						return a
					}
					return b
				})))
		}
		return cel.Function(name, overloads...)
	}
	return []cel.EnvOption{
		choose("min", -1),
		choose("max", 1),
		cel.Function("sum",
			cel.Overload("sum_int", []*cel.Type{cel.ListType(cel.IntType)}, cel.IntType, cel.UnaryBinding(sum)),
			cel.Overload("sum_double", []*cel.Type{cel.ListType(cel.DoubleType)}, cel.DoubleType, cel.UnaryBinding(sum))),
		cel.Function("fraction", cel.Overload("fraction_int", []*cel.Type{cel.IntType, cel.IntType, cel.IntType}, cel.IntType,
			cel.FunctionBinding(fraction))),
		cel.Function("round_half_up",
			cel.Overload("round_half_up_double", []*cel.Type{cel.DoubleType}, cel.IntType, cel.UnaryBinding(roundHalfUp)),
			cel.Overload("round_half_up_int", []*cel.Type{cel.IntType}, cel.IntType, cel.UnaryBinding(roundHalfUp))),
	}
}

// sum adds a list; an empty one gives 0, an overflow is an error.
func sum(v ref.Val) ref.Val {
	l, ok := v.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	var total ref.Val = types.Int(0)
	first := true
	for it := l.Iterator(); it.HasNext() == types.True; {
		e := it.Next()
		if first {
			total, first = e, false
			continue
		}
		a, ok := total.(traits.Adder)
		if !ok {
			return types.MaybeNoSuchOverloadErr(total)
		}
		if total = a.Add(e); types.IsError(total) {
			return total
		}
	}
	if k := total.Type(); k != types.IntType && k != types.DoubleType {
		return types.NewErr("sum: a list of numbers is wanted")
	}
	return total
}

// fraction is a·n/d rounded half up (away from zero), exactly.
func fraction(args ...ref.Val) ref.Val {
	var n [3]*big.Int
	for i, a := range args {
		x, ok := a.(types.Int)
		if !ok {
			return types.MaybeNoSuchOverloadErr(a)
		}
		n[i] = big.NewInt(int64(x))
	}
	if n[2].Sign() == 0 {
		return types.NewErr("fraction: the denominator is 0")
	}
	p := new(big.Int).Mul(n[0], n[1])
	negative := p.Sign()*n[2].Sign() < 0
	p.Abs(p)
	d := new(big.Int).Abs(n[2])
	p.Lsh(p, 1).Add(p, d).Quo(p, d.Lsh(d, 1)) // (2p + d) / 2d
	if negative {
		p.Neg(p)
	}
	if !p.IsInt64() {
		return types.NewErr("fraction: the result is out of range")
	}
	return types.Int(p.Int64())
}

func roundHalfUp(v ref.Val) ref.Val {
	switch x := v.(type) {
	case types.Int:
		return x
	case types.Double:
		r := math.Round(float64(x)) // half away from zero
		if math.Abs(r) < 1<<63 {
			return types.Int(int64(r))
		}
		return types.NewErr("round_half_up: the number is out of range")
	}
	return types.MaybeNoSuchOverloadErr(v)
}

// paramKind names the function that reads values like these.
func paramKind(values []any) string {
	kinds := map[string]bool{}
	for _, v := range values {
		switch v.(type) {
		case int64:
			kinds[paramInt] = true
		case float64:
			kinds[paramDouble] = true
		case string:
			kinds[paramString] = true
		case bool:
			kinds[paramBool] = true
		default:
			kinds[paramAny] = true
		}
	}
	names := keysOf(kinds)
	switch strings.Join(names, " ") {
	case paramDouble + " " + paramInt:
		return paramDouble
	default:
		if len(names) == 1 {
			return names[0]
		}
	}
	return paramAny
}
