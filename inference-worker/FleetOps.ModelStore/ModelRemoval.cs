namespace FleetOps.ModelStore;

/// <summary>What the removal of a stored model came to.</summary>
/// <param name="Bytes">Bytes of the files that were removed; of those that other models share, too, although they stay until the last of these goes.</param>
/// <param name="InUse">Whether the model was left because somebody uses or fetches it.</param>
public sealed record ModelRemoval(long Bytes, bool InUse);
