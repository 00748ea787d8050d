"""How wide words are and where they break, without a font at hand."""

import unicodedata


def width(words: str, size: float) -> float:
    """About how wide a text is in a system font of `size` pixels; full-width characters count as one em."""
    return sum(size if unicodedata.east_asian_width(c) in "WF" else 0.56 * size for c in words)


def wrap(words: str, size: float, widest: float) -> tuple[str, ...]:
    """The text in lines no wider than `widest`, broken at spaces where there are any; nothing is cut."""
    lines: list[str] = []
    line = ""
    for token in _tokens(words, size, widest):
        if line and width((line + token).rstrip(), size) > widest:
            lines.append(line.rstrip())
            line = token.lstrip()
        else:
            line += token
    return (*lines, line.rstrip()) if line.strip() or not lines else tuple(lines)


def _tokens(words: str, size: float, widest: float) -> list[str]:
    """Pieces after which a line may break: words with their space, full-width characters, parts of endless words."""
    tokens: list[str] = []
    token = ""
    for c in words:
        wide = unicodedata.east_asian_width(c) in "WF"
        if token and (wide or width(token + c, size) > widest):
            tokens.append(token)
            token = ""
        token += c
        if wide or c in " _-/":
            tokens.append(token)
            token = ""
    return [*tokens, token] if token else tokens
