"""Zones from elsewhere: a zone file in any form becomes records of ours, and every loss is named.

directives  $INCLUDE and $GENERATE, looked for before anything reads the file
compiled    the file as one record a line, by named-compilezone
lines       those lines as records in canonical form
a_labels    what a name in UTF-8 should be
places      on which line of the file a record stands
losses      what is not taken over, in sentences
incoming    all of it: one door

domains     which zone a file is
archives    files from a tar archive
named_conf, axfr, powerdns   where zones are taken from
"""
