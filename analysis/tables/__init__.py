"""Tables of any form that users bring: opened, and read by what their columns are; layouts of
public sets; not what rows mean."""
