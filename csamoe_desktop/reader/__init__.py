"""The reader's part: the assessment (BI-RADS category and descriptors), its lexicon, and the examination texts."""
