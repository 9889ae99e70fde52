package agencies

// health keeps the signed birth and death notices of the facilities.
func health() *registry {
	return &registry{
		id:    "health",
		kinds: map[string]kind{"birth_notice": {"code", "mother.id"}, "death_notice": {"code", "deceased.id"}},
		operations: map[string]operation{
			"birth_notice":     {needs: []need{"code text"}, refusals: []string{"unknown_notice"}, perform: notice("birth_notice")},
			"death_notice":     {needs: []need{"code text"}, refusals: []string{"unknown_notice"}, perform: notice("death_notice")},
			"birth_notices_of": {needs: []need{"mother idref"}, perform: notices("birth_notice", "mother")},
			"death_notices_of": {needs: []need{"deceased idref"}, perform: notices("death_notice", "deceased")},
		},
	}
}

func notice(kind string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		return t.must(kind, in.str("code"), "unknown_notice")
	}
}

func notices(kind, of string) func(*tx, object) (object, error) {
	return func(t *tx, in object) (object, error) {
		found, err := t.owned(kind, in.id(of))
		if err != nil {
			return nil, err
		}
		list := make([]any, 0, len(found))
		for _, n := range found {
			list = append(list, plain(n))
		}
		return object{"notices": list}, nil
	}
}
