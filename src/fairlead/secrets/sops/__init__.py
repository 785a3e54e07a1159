"""SOPS files with age recipients: read, changed and written so that `sops` itself reads them.

The format is that of sops 3 (its aes/cipher.go, sops.go and stores/yaml say what follows here):

- each value is AES-256-GCM with 32 bytes of nonce, the path of its key as additional data, and its type beside it;
- the data key is wrapped for each recipient by age;
- the MAC is SHA-512 over the values in the order of the file, itself encrypted, with `lastmodified` as additional data.

A change is a splice of the text, so that all else in the file, comments and ciphertexts too, stays as it was.
"""
