-- The tables stay as they are. From here on values are packed as S2 blocks (mark 3),
-- which programs that know nine formats take for damage: the number keeps them away.

-- +goose Up
SELECT 1;
