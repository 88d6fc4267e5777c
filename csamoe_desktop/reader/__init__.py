"""The radiologist's side: the assessment (BI-RADS category and descriptors), its lexicon, the examination."""
