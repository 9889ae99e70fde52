-- The tables stay as they are. From here on a volume has 7,160 places, and a bit for each
-- takes 895 bytes, which programs of format 14 take for damage: the number keeps them away.

-- +goose Up
SELECT 1;
