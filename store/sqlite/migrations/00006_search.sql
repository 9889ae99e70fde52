-- All the words that a case is found by stand in every row of the index of words
-- and in the index of the lists: who looks for several words reads one list, and a
-- word that many cases have is met soon by walking the list in its order.

-- +goose Up

CREATE TABLE words_of (
    case_code TEXT NOT NULL PRIMARY KEY,
    words     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO words_of SELECT case_code, ' ' || group_concat(word, ' ' ORDER BY word)
    FROM (SELECT DISTINCT case_code, word FROM search) GROUP BY case_code ORDER BY case_code;

CREATE TABLE search_2 (
    office    TEXT NOT NULL,
    word      TEXT NOT NULL,
    case_code TEXT NOT NULL,
    words     TEXT NOT NULL,             -- all of the case's, sorted, each with a space before it
    PRIMARY KEY (office, word, case_code)
) STRICT, WITHOUT ROWID;
INSERT INTO search_2 SELECT s.office, s.word, s.case_code, w.words FROM search s JOIN words_of w ON w.case_code = s.case_code ORDER BY 1, 2, 3;
DROP TABLE search;
ALTER TABLE search_2 RENAME TO search;

DROP INDEX dossiers_list;
ALTER TABLE dossiers ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE dossiers SET words = coalesce((SELECT words FROM words_of w WHERE w.case_code = dossiers.case_code), '');
CREATE INDEX dossiers_list ON dossiers (office, shelf, urgency, code, case_code, step, words);
DROP TABLE words_of;
