-- An inbox that is narrowed to one state or to one clerk is read in its order, like
-- the whole one. Only live dossiers are in these indexes: they are few, however many
-- have ended.

-- +goose Up

CREATE INDEX dossiers_state ON dossiers (office, state, urgency, code, case_code, step) WHERE shelf = 1;
CREATE INDEX dossiers_assignee ON dossiers (office, assignee, urgency, code, case_code, step) WHERE shelf = 1 AND assignee <> '';
