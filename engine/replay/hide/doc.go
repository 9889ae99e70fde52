// Package hide replaces the personal data of a history by stable pseudonyms, so that
// deciding again comes to the same end.
//
// What is not known to be harmless is replaced. Dates, amounts, flags, codes of
// places and of cases, offices, and every word that the definitions themselves use
// (enumerations, literals, ids) stay. Names become Vietnamese names of the same sex;
// numbers keep their form and the digits that mean something; other words become a
// mark. Equal values become equal pseudonyms under one key, wherever they stand, and
// different numbers different ones.
//
// May import: engine and the standard library.
package hide
