DROP TABLE key_ring;
DROP TABLE signing_keys;
