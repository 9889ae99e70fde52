// Package system wires the whole of Liên Thông together: store, definitions,
// registries, runtime and surface become one running System. The command and the
// story tests start the same one, so what is tested is what runs.
//
// It may import every package; nothing but the command imports it. It decides
// nothing: no rule of the law and no permission lives here.
package system
