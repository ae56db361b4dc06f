using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace FleetOps.TestCluster.Tests;

public sealed class ApiServerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_administrator_creates_a_pod()
    {
        await using var server = await StartAsync();
        using var client = new Kubernetes(server.CreateConfiguration());

        var pod = await client.CoreV1.CreateNamespacedPodAsync(NewPod("first"), "default", cancellationToken: Stop);

        Assert.NotNull(pod.Metadata.Uid);
    }

    [Fact]
    public async Task The_kubeconfig_file_connects()
    {
        await using var server = await StartAsync();
        using var client = new Kubernetes(await KubernetesClientConfiguration.BuildConfigFromConfigFileAsync(new FileInfo(server.KubeConfigPath)));

        var namespaces = await client.CoreV1.ListNamespaceAsync(cancellationToken: Stop);

        Assert.Contains(namespaces.Items, space => space.Metadata.Name == "default");
    }

    [Fact]
    public async Task A_user_may_do_what_a_role_grants_and_nothing_else()
    {
        await using var server = await StartAsync();
        using var admin = new Kubernetes(server.CreateConfiguration());
        const string account = "system:serviceaccount:default:reader";
        await admin.RbacAuthorizationV1.CreateNamespacedRoleAsync(
            new V1Role { Metadata = new() { Name = "reader" }, Rules = [new() { ApiGroups = [""], Resources = ["pods"], Verbs = ["list"] }] }, "default", cancellationToken: Stop);
        await admin.RbacAuthorizationV1.CreateNamespacedRoleBindingAsync(
            new V1RoleBinding
            {
                Metadata = new() { Name = "reader" },
                RoleRef = new() { ApiGroup = "rbac.authorization.k8s.io", Kind = "Role", Name = "reader" },
                Subjects = [new() { Kind = "ServiceAccount", Name = "reader", NamespaceProperty = "default" }],
            },
            "default",
            cancellationToken: Stop);
        using var reader = new Kubernetes(server.CreateConfiguration(account, "system:serviceaccounts"));

        Assert.Empty((await UntilAllowedAsync(() => reader.CoreV1.ListNamespacedPodAsync("default", cancellationToken: Stop))).Items);
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => reader.CoreV1.CreateNamespacedPodAsync(NewPod("none"), "default", cancellationToken: Stop));
        Assert.Equal(HttpStatusCode.Forbidden, refused.Response.StatusCode);
    }

    /// <summary>The server learns of a role a moment after it has stored it.</summary>
    private static async Task<T> UntilAllowedAsync<T>(Func<Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Forbidden)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), Stop);
            }
        }
    }

    [Fact]
    public async Task The_data_and_the_address_survive_a_killed_server()
    {
        await using var server = await StartAsync();
        using var client = new Kubernetes(server.CreateConfiguration());
        await client.CoreV1.CreateNamespacedPodAsync(NewPod("kept"), "default", cancellationToken: Stop);

        await server.KillServerAsync();
        Assert.False(server.IsRunning);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.CoreV1.ListNamespacedPodAsync("default", cancellationToken: Stop));
        await server.StartServerAsync(Stop);

        Assert.Equal("kept", Assert.Single((await client.CoreV1.ListNamespacedPodAsync("default", cancellationToken: Stop)).Items).Metadata.Name);
    }

    [Fact]
    public async Task Nothing_is_left_after_dispose()
    {
        var server = await StartAsync();
        var processes = server.ProcessIds;
        var folder = Path.GetDirectoryName(server.KubeConfigPath)!;
        Assert.Equal(2, processes.Count);

        await server.DisposeAsync();

        Assert.False(Directory.Exists(folder));
        Assert.All(processes, id => Assert.False(Directory.Exists($"/proc/{id}"), $"process {id} still runs"));
    }

    private static V1Pod NewPod(string name) => new()
    {
        Metadata = new() { Name = name },
        Spec = new() { Containers = [new() { Name = "main", Image = "none" }] },
    };

    private static async Task<ApiServer> StartAsync()
    {
        try
        {
            return await ApiServer.StartAsync(cancellationToken: Stop);
        }
        catch (ToolUnavailableException reason)
        {
            Assert.Skip(reason.Message);
            throw;
        }
    }
}
