"""What all text message channels share: numbers, segments, the words that opt out. Pure."""
