using System.Text.Json;
using k8s;
using k8s.Models;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>One page of a LIST, with those objects told apart that could not be read.</summary>
internal sealed class ListPage<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public List<T> Items { get; } = [];

    public List<(ObjectKey Key, Exception Fault)> Unreadable { get; } = [];

    public string ResourceVersion { get; private set; } = "";

    /// <summary>Token of the next page; empty on the last one.</summary>
    public string Continue { get; private set; } = "";

    /// <exception cref="JsonException">The answer as a whole is no list.</exception>
    public static ListPage<T> Parse(byte[] utf8, ResourceType<T> type)
    {
        var page = new ListPage<T>();
        var reader = new Utf8JsonReader(utf8);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isItems = reader.ValueTextEquals("items"u8);
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isItems && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    page.ReadItem(ref reader, utf8, type);
                }
            }
            else if (isMetadata)
            {
                var metadata = JsonSerializer.Deserialize(ref reader, InformerJsonContext.Default.V1ListMeta);
                page.ResourceVersion = metadata?.ResourceVersion ?? "";
                page.Continue = metadata?.ContinueProperty ?? "";
            }
            else
            {
                reader.Skip();
            }
        }

        return page.ResourceVersion.Length > 0 ? page : throw new JsonException($"The list of {type} has no resourceVersion.");
    }

    private void ReadItem(ref Utf8JsonReader reader, byte[] utf8, ResourceType<T> type)
    {
        var start = (int)reader.TokenStartIndex;
        var retry = reader;
        try
        {
            var item = JsonSerializer.Deserialize(ref reader, type.Json);
            if (item?.Metadata is not { Name: not null })
            {
                throw new JsonException("The object has no metadata.name.");
            }

            Items.Add(item);
        }
        catch (Exception e)
        {
            // As in a watch: one object that does not fit must not hide the others.
            reader = retry;
            reader.Skip();
            Unreadable.Add((KeyOf(utf8.AsSpan(start, (int)reader.BytesConsumed - start)), e));
        }
    }

    private static ObjectKey KeyOf(ReadOnlySpan<byte> item)
    {
        try
        {
            return JsonSerializer.Deserialize(item, InformerJsonContext.Default.ObjectHeader)?.Key ?? new ObjectKey("", "");
        }
        catch (JsonException)
        {
            return new ObjectKey("", "");
        }
    }
}
