"""Characters whose Unicode properties both engines certainly agree on.

The server's engine and RE2 are built from different Unicode versions, so a recently assigned
character may be a letter to one engine and unassigned to the other. The ranges in this module were
assigned in Unicode 14, and their properties have not changed since; they leave out short ranges of
rare scripts, private use and surrogates. The ranges may lag behind Unicode, but never be ahead.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

__all__ = ["ASSIGNED", "are_assigned"]

_LISTED: Final = """
80-377 37a-37f 384-38a 38c-38c 38e-3a1 3a3-52f 531-556 559-58a 58d-58f 591-5c7 5d0-5ea 5ef-5f4
600-70d 70f-74a 74d-7b1 7c0-7fa 7fd-82d 840-85b 870-88e 898-983 985-98c 98f-990 993-9a8 9aa-9b0
9b2-9b2 9b6-9b9 9bc-9c4 9c7-9c8 9cb-9ce 9d7-9d7 9dc-9dd 9df-9e3 9e6-9fe a01-a03 a05-a0a a0f-a10
a13-a28 a2a-a30 a32-a33 a35-a36 a38-a39 a3c-a3c a3e-a42 a47-a48 a4b-a4d a51-a51 a59-a5c a5e-a5e
a66-a76 a81-a83 a85-a8d a8f-a91 a93-aa8 aaa-ab0 ab2-ab3 ab5-ab9 abc-ac5 ac7-ac9 acb-acd ad0-ad0
ae0-ae3 ae6-af1 af9-aff b01-b03 b05-b0c b0f-b10 b13-b28 b2a-b30 b32-b33 b35-b39 b3c-b44 b47-b48
b4b-b4d b55-b57 b5c-b5d b5f-b63 b66-b77 b82-b83 b85-b8a b8e-b90 b92-b95 b99-b9a b9c-b9c b9e-b9f
ba3-ba4 ba8-baa bae-bb9 bbe-bc2 bc6-bc8 bca-bcd bd0-bd0 bd7-bd7 be6-bfa c00-c0c c0e-c10 c12-c28
c2a-c39 c3c-c44 c46-c48 c4a-c4d c55-c56 c58-c5a c5d-c5d c60-c63 c66-c6f c77-c8c c8e-c90 c92-ca8
caa-cb3 cb5-cb9 cbc-cc4 cc6-cc8 cca-ccd cd5-cd6 cdd-cde ce0-ce3 ce6-cef cf1-cf2 d00-d0c d0e-d10
d12-d44 d46-d48 d4a-d4f d54-d63 d66-d7f d81-d83 d85-d96 d9a-db1 db3-dbb dbd-dbd dc0-dc6 dca-dca
dcf-dd4 dd6-dd6 dd8-ddf de6-def df2-df4 e01-e3a e3f-e5b e8c-ea3 ea7-ebd f00-f47 f49-f6c f71-f97
f99-fbc 1000-10c5 10d0-1248 1260-1288 1290-12b0 12d8-1310 1318-135a 135d-137c 1380-1399
13a0-13f5 1400-169c 16a0-16f8 1700-1715 171f-1736 1740-1753 1780-17dd 1800-1819 1820-1878
1880-18aa 18b0-18f5 1900-191e 1944-196d 1980-19ab 19b0-19c9 19de-1a1b 1a1e-1a5e 1a60-1a7c
1ab0-1ace 1b00-1b4c 1b50-1b7e 1b80-1bf3 1bfc-1c37 1c4d-1c88 1c90-1cba 1cd0-1cfa 1d00-1f15
1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59-1f59 1f5b-1f5b 1f5d-1f5d 1f5f-1f7d 1f80-1fb4
1fb6-1fc4 1fc6-1fd3 1fd6-1fdb 1fdd-1fef 1ff2-1ff4 1ff6-1ffe 2000-2064 2066-2071 2074-208e
2090-209c 20a0-20c0 20d0-20f0 2100-218b 2190-2426 2440-244a 2460-2b73 2b76-2b95 2b97-2cf3
2cf9-2d25 2d30-2d67 2d7f-2d96 2de0-2e5d 2e80-2e99 2e9b-2ef3 2f00-2fd5 3000-303f 3041-3096
3099-30ff 3105-312f 3131-318e 3190-31e3 31f0-321e 3220-a48c a490-a4c6 a4d0-a62b a640-a6f7
a700-a7ca a7f2-a82c a840-a877 a880-a8c5 a8e0-a953 a95f-a97c a980-a9cd a9de-a9fe aa00-aa36
aa5c-aac2 aadb-aaf6 ab30-ab6b ab70-abed ac00-d7a3 d7b0-d7c6 d7cb-d7fb f900-fa6d fa70-fad9
fb1d-fb36 fb46-fbc2 fbd3-fd8f fd92-fdc7 fdf0-fe19 fe20-fe52 fe54-fe66 fe76-fefc ff01-ffbe
1000d-10026 10028-1003a 10080-100fa 10107-10133 10137-1018e 101d0-101fd 10280-1029c 102a0-102d0
102e0-102fb 10300-10323 1032d-1034a 10350-1037a 10380-1039d 1039f-103c3 10400-1049d 104b0-104d3
104d8-104fb 10500-10527 10530-10563 10600-10736 10740-10755 10787-107b0 1080a-10835 1083f-10855
10857-1089e 108e0-108f2 108fb-1091b 1091f-10939 10980-109b7 109bc-109cf 109d2-10a03 10a19-10a35
10a60-10a9f 10ac0-10ae6 10b00-10b35 10b39-10b55 10b58-10b72 10b78-10b91 10c00-10c48 10c80-10cb2
10cc0-10cf2 10cfa-10d27 10e60-10e7e 10e80-10ea9 10f00-10f27 10f30-10f59 10f70-10f89 10fb0-10fcb
10fe0-10ff6 11000-1104d 11052-11075 1107f-110c2 110d0-110e8 11100-11134 11136-11147 11150-11176
11180-111df 111e1-111f4 11200-11211 11213-1123e 112b0-112ea 11313-11328 11400-1145b 11480-114c7
11580-115b5 115b8-115dd 11600-11644 11680-116b9 11700-1171a 11730-11746 11800-1183b 118a0-118f2
11918-11935 119aa-119d7 11a00-11a47 11a50-11aa2 11ab0-11af8 11c0a-11c36 11c50-11c6c 11c70-11c8f
11c92-11ca7 11d0b-11d36 11d6a-11d8e 11ee0-11ef8 11fc0-11ff1 11fff-12399 12400-1246e 12480-12543
12f90-12ff2 13000-1342e 14400-14646 16800-16a38 16a40-16a5e 16a6e-16abe 16ad0-16aed 16b00-16b45
16b63-16b77 16b7d-16b8f 16e40-16e9a 16f00-16f4a 16f4f-16f87 16f8f-16f9f 17000-187f7 18800-18cd5
1b000-1b122 1b170-1b2fb 1bc00-1bc6a 1cf00-1cf2d 1cf30-1cf46 1cf50-1cfc3 1d000-1d0f5 1d100-1d126
1d129-1d1ea 1d200-1d245 1d2e0-1d2f3 1d300-1d356 1d360-1d378 1d400-1d454 1d456-1d49c 1d4c5-1d505
1d51e-1d539 1d552-1d6a5 1d6a8-1d7cb 1d7ce-1da8b 1df00-1df1e 1e008-1e018 1e100-1e12c 1e290-1e2ae
1e2c0-1e2f9 1e800-1e8c4 1e8c7-1e8d6 1e900-1e94b 1ec71-1ecb4 1ed01-1ed3d 1ee05-1ee1f 1ee8b-1ee9b
1eeab-1eebb 1f000-1f02b 1f030-1f093 1f0d1-1f0f5 1f100-1f1ad 1f1e6-1f202 1f210-1f23b 1f300-1f6d7
1f6dd-1f6ec 1f700-1f773 1f780-1f7d8 1f810-1f847 1f860-1f887 1f890-1f8ad 1f900-1fa53 1fa90-1faac
1fb00-1fb92 1fb94-1fbca 20000-2a6df 2a700-2b738 2b740-2b81d 2b820-2cea1 2ceb0-2ebe0 2f800-2fa1d
30000-3134a e0020-e007f e0100-e01ef
"""

_PAIRS: Final = [pair.split("-") for pair in _LISTED.split()]
# In ascending order, without ASCII.
ASSIGNED: Final = tuple((int(low, 16), int(high, 16)) for low, high in _PAIRS)
_STARTS: Final = [low for low, _ in ASSIGNED]


def are_assigned(ranges: Iterable[tuple[int, int]]) -> bool:
    """Tell whether every character of these non-ASCII ranges is in the list."""
    return all(_is_within(low, high) for low, high in ranges)


def _is_within(low: int, high: int) -> bool:
    return high <= ASSIGNED[bisect_right(_STARTS, low) - 1][1]
